/*
 * process.c - a number that identifies this process
 */
#include "src/base/process.h"

#include <stdalign.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

/* The largest page size of the architecture. */
#ifdef __x86_64__
enum { PAGE = 4096 };
#else
enum { PAGE = 65536 };
#endif

/*
 * A page of its own, because MADV_WIPEONFORK works on pages. It uses no memory until the first
 * call.
 */
static struct {
    alignas(PAGE) uint64_t process;     /* 0 after a fork */
} marked;

static uint64_t last;    /* last number drawn in this process or in those that it was forked from */
static bool uncleared;          /* MADV_WIPEONFORK is not available */

/* If several threads draw at once, the first number stored is used. */
static uint64_t draw(void)
{
    uint64_t other = 0, number = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);

    if (madvise(&marked, sizeof marked, MADV_WIPEONFORK) < 0) {
        __atomic_store_n(&uncleared, true, __ATOMIC_RELAXED);
        return 0;
    }
    return __atomic_compare_exchange_n(&marked.process, &other, number, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED) ? number : other;
}

/* The fallback: the process id, apart from the drawn numbers by its highest bit. */
static uint64_t number_of_id(void)
{
    return UINT64_C(1) << 63 | (uint64_t)getpid();
}

uint64_t base__process(void)
{
    uint64_t number = __atomic_load_n(&marked.process, __ATOMIC_RELAXED);

    if (number == 0 && !__atomic_load_n(&uncleared, __ATOMIC_RELAXED))
        number = draw();
    return number ? number : number_of_id();
}

void base__process_keep_on_fork(void)
{
    madvise(&marked, sizeof marked, MADV_KEEPONFORK);
}
