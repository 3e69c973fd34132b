/*
 * memory_limit.c - bounds what a child may use beyond the memory that it has at its start
 *
 * RLIMIT_DATA counts the private writable memory of a process. RLIMIT_AS would also count what is
 * only reserved: each thread of the GNU C library reserves 64 MiB of addresses for its heap.
 */
#include "src/child/memory_limit.h"

#include "src/rights/status.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* The kernel's own count, in bytes. */
static int read_size(uint64_t *ret_size)
{
    static const char key[] = "\nVmData:";
    char *text;
    int rc = procspawn__status_text("/proc/self/status", &text);

    if (rc < 0)
        return rc;
    const char *line = strstr(text, key);
    if (line)
        *ret_size = strtoull(line + strlen(key), NULL, 10) * 1024;
    free(text);
    return line ? 0 : -ENODATA;
}

static rlim_t lower(rlim_t now, uint64_t limit)
{
    return now < limit ? now : limit;
}

int procspawn__limit_memory(uint64_t bytes)
{
    struct rlimit limit;
    uint64_t size;
    int rc = read_size(&size);

    if (rc < 0)
        return rc;
    if (getrlimit(RLIMIT_DATA, &limit) < 0)
        return -errno;
    uint64_t end = bytes < UINT64_MAX - size ? size + bytes : UINT64_MAX;
    limit.rlim_cur = lower(limit.rlim_cur, end);
    limit.rlim_max = lower(limit.rlim_max, end);
    return setrlimit(RLIMIT_DATA, &limit) < 0 ? -errno : 0;
}
