/*
 * acts_small.c - acts that change a mapping of two pages, of which the amounts of memory do not tell
 */
#include "tests/support/acts.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, SMALL = 2 * PAGE, GUARD_INSTALL = 102 };

static char *small;
static char *const elsewhere = (char *)0x610000000000;

/* Between pages without rights, so that the kernel joins it with no other mapping. */
void acts_prepare_small(void)
{
    char *pages = mmap(NULL, SMALL + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED || mprotect(pages + PAGE, SMALL, PROT_READ | PROT_WRITE) < 0)
        return;
    small = pages + PAGE;
    memset(small, 7, SMALL);
}

static char *map_at(char *address)
{
    return mmap(address, SMALL, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void write_small(void) { small[PAGE] = 8; }
static void exchange_small(void) { map_at(small); }
static void exchange_and_write_small(void) { memset(map_at(small), 9, SMALL); }
static void forget_small(void) { madvise(small, PAGE, MADV_DONTNEED); }
static void guard_small(void) { madvise(small + PAGE, PAGE, GUARD_INSTALL); }

static void move_small(void)
{
    munmap(small, SMALL);
    map_at(elsewhere);
}

/* Its pages come along, without a page fault at their new place. */
static void move_over_small(void)
{
    char *other = map_at(elsewhere);

    memset(other, 9, SMALL);
    mremap(other, SMALL, SMALL, MREMAP_MAYMOVE | MREMAP_FIXED, small);
}

static void exchange_rights(void)
{
    mprotect(small, PAGE, PROT_READ);
    mprotect(small - PAGE, PAGE, PROT_READ | PROT_WRITE);
}

/* Copies a byte through the kernel, for which no access is a crash. Returns 1 if it could. */
static long copy(char *to, const char *from)
{
    int ends[2];

    if (pipe(ends) < 0)
        return -1;
    long copied = write(ends[1], from, 1) == 1 && read(ends[0], to, 1) == 1;
    close(ends[0]);
    close(ends[1]);
    return copied;
}

/* With the pages before and behind. */
static long see_small(void)
{
    long sum = 0;

    for (char *at = small - PAGE; at < small + SMALL + PAGE; at += PAGE) {
        char byte = 0;
        long rights = copy(&byte, at);
        rights += 2 * copy(at, &byte);
        sum = sum * 100 + 4 * byte + rights;
    }
    return sum;
}

/* What is there again when pages are forgotten: in a worker what was saved, by a file. */
static long see_behind(void)
{
    madvise(small, SMALL, MADV_DONTNEED);
    return see_small();
}

static long see_elsewhere(void) { return msync(elsewhere, PAGE, MS_ASYNC); }

/* What one act leaves could hide what the next does, so those that show most come first. */
const struct act small_acts[] = {
    { "what lies behind an exchanged small mapping", exchange_small, see_behind, 0, 1 },
    { "what lies behind a written one", exchange_and_write_small, see_behind, 0, 1 },
    { "what lies behind one that was moved there", move_over_small, see_behind, 0, 1 },
    { "a written small mapping", write_small, see_small, 0, 0 },
    { "an exchanged small mapping", exchange_small, see_small, 0, 1 },
    { "an exchanged and written small mapping", exchange_and_write_small, see_small, 0, 1 },
    { "a forgotten page of a small mapping", forget_small, see_small, 0, 1 },
    { "a guarded page of a small mapping", guard_small, see_small, 0, 1 },
    { "a small mapping that became another one", move_small, see_elsewhere, 0, 1 },
    { "a small mapping that was removed", move_small, see_small, 0, 1 },
    { "a mapping that was moved over a small one", move_over_small, see_small, 0, 1 },
    { "exchanged rights of small mappings", exchange_rights, see_small, 0, 1 },
    { 0 },
};
