/*
 * captured.c - the memory of one captured call, which the program and the collector share
 */
#include "src/call/captured.h"

#include "src/call/ring.h"
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

struct procspawn__ring_view procspawn__captured_view(struct procspawn__captured *captured,
                                                     size_t limit, unsigned stream)
{
    return (struct procspawn__ring_view){
        .ring = &captured->rings[stream],
        .bytes = (unsigned char *)(captured + 1) + limit * stream,
        .limit = limit,
    };
}

void procspawn__captured_tell(struct procspawn__captured *captured)
{
    __atomic_add_fetch(&captured->news, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &captured->news, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
