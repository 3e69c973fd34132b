/*
 * loaded.c - memory that the program wrote before init, so that no fork copies its page tables
 *
 * A fork copies the page tables of anonymous memory that was written to: 1 GiB makes it a hundred
 * times as dear. It skips private mappings of files that were not written to since they were made.
 * So the root copies large memory to a file in memory, once, and maps that in its place. Servers
 * and children inherit the mapping; what they write there is their own, as before. The program
 * itself keeps its memory as it is.
 *
 * A mapping of a file differs from anonymous memory in two ways that a program can notice:
 *
 * - mremap(2) beyond the end of the file gives memory that cannot be touched. So each file is far
 * longer than what is written in it; the rest reads as zeros.
 *
 * - madvise(MADV_DONTNEED) brings back what is in the file and not zeros. Some allocators rely on
 * zeros, and programs may with mappings of their own. The allocator of the GNU C library does not.
 * So only memory is taken that is known to be its: what it has from brk(2), and blocks that it has
 * mapped, which it marks in their first words.
 *
 * Locked memory, memory with huge pages, without reserve, monitored by userfaultfd(2) or otherwise
 * unusual stays as it is.
 */
#include "forkserver/process/loaded.h"

#include "forkserver/process/memory_room.h"
#include "forkserver/process/private_memory.h"
#include "forkserver/process/survey.h"
#include "src/base/clock.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Less is copied by each server (remap.c), or is not worth a mapping. */
enum { LEAST = 1024 * 1024 };
/* Bytes that are copied between two looks at the clock. */
enum { AT_ONCE = 4 * 1024 * 1024 };
/* So many pages in a row that were never written to end a piece. */
enum { GAP = 64 };
/* In memory that holds more than blocks, how many pages are looked at for the next one. */
enum { PAGES_SEARCHED = 1024 };

enum { ENTRIES = 512 };

struct loaded {
    size_t page;
    size_t left;                /* bytes that may still be copied */
    int64_t until;              /* of the processor time of this process */
    uint32_t *progress;
    int memory;                 /* /proc/self/mem: reading memory that cannot be read fails there */
    int pagemap;
    uint64_t entries[ENTRIES];  /* of pagemap: of these pages */
    uint64_t entries_from;      /* the number of the first page */
    unsigned entry_count;
};

/* ---- which pages were written to ---- */

/* Present, swapped out, or a mark of the kernel's, which cannot be read then. */
static bool is_used(struct loaded *l, uint64_t number)
{
    static const uint64_t present = UINT64_C(1) << 63, swapped = UINT64_C(1) << 62,
                          guard = UINT64_C(1) << 58;

    if (number < l->entries_from || number >= l->entries_from + l->entry_count) {
        ssize_t n = pread(l->pagemap, l->entries, sizeof l->entries,
                          (off_t)(number * sizeof l->entries[0]));
        l->entries_from = number;
        l->entry_count = n > 0 ? (unsigned)((size_t)n / sizeof l->entries[0]) : 0;
    }
    return l->entry_count > 0 &&
           (l->entries[number - l->entries_from] & (present | swapped | guard)) != 0;
}

/* ---- one piece ---- */

/* Of the processor: a busy machine takes longer, and init waits as long as there is progress. */
static int64_t used_time(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * BASE_SECOND + used.tv_nsec;
}

/* Returns how many bytes were written; less than `size` for lack of time, or after a failure. */
static size_t write_some(struct loaded *l, int fd, uintptr_t from, size_t size)
{
    size_t done = 0;
    ssize_t n = 1;

    while (done < size && n > 0 && used_time() < l->until) {
        size_t count = size - done < AT_ONCE ? size - done : AT_ONCE;
        n = pwrite(fd, (const void *)(from + done), count, (off_t)done);
        done += n > 0 ? (size_t)n : 0;
        __atomic_add_fetch(l->progress, 1, __ATOMIC_RELAXED);
    }
    return done;
}

/* Nobody changes the file from now on. It is longer than anything that is mapped. */
static bool finish_file(int fd, size_t size)
{
    static const off_t beyond = (off_t)1 << 46;
    static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

    return ftruncate(fd, (off_t)size + beyond) == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0;
}

/* The new mapping takes the place of the old one in one step. */
static void take_piece(struct loaded *l, uintptr_t start, uintptr_t end)
{
    size_t size = end - start < l->left ? end - start : l->left;
    int fd = size < LEAST ? -1 : memfd_create("forkscope-loaded", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return;
    size = write_some(l, fd, start, size) / l->page * l->page;
    l->left -= size;
    if (size >= LEAST && finish_file(fd, size))
        (void)mmap((void *)start, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    close(fd);
}

/* Takes the pieces of this memory that were written to. */
static void take_written(struct loaded *l, uintptr_t start, uintptr_t end)
{
    uintptr_t from = start, until = start;      /* the piece so far, without a gap at its end */

    for (uintptr_t at = start; at < end; at += l->page) {
        if (!is_used(l, at / l->page))
            continue;
        if (at - until > GAP * l->page || until == from) {
            take_piece(l, from, until);
            from = at;
        }
        until = at + l->page;
    }
    take_piece(l, from, until);
}

/* ---- blocks ---- */

/* malloc may be another library's. */
static bool malloc_is_libc_s(void)
{
    void *of_libc = dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
    Dl_info libc, allocator;

    return of_libc && dladdr(of_libc, &libc) != 0 && dladdr((void *)malloc, &allocator) != 0 &&
           libc.dli_fbase == allocator.dli_fbase;
}

/* Returns the length of the block that begins here, or 0. */
static size_t block_at(const struct loaded *l, uintptr_t at, uintptr_t end)
{
    static const size_t flags = 7, is_mapped = 2;
    size_t words[2];            /* malloc's head of a block: the second is its size, and flags */

    if (pread(l->memory, words, sizeof words, (off_t)at) != sizeof words ||
        (words[1] & flags) != is_mapped)
        return 0;
    size_t size = words[1] & ~flags;
    return words[0] == 0 && size % l->page == 0 && size <= end - at ? size : 0;
}

/* The kernel joins neighbouring mappings, so other memory may lie before and behind a block. */
static void take_blocks(struct loaded *l, const struct range *range)
{
    unsigned searched = 0;
    size_t size;

    for (uintptr_t at = range->start; at < range->end && searched < PAGES_SEARCHED; at += size) {
        size = block_at(l, at, range->end);
        if (size > LEAST)
            take_written(l, at, at + size);
        searched += size == 0;
        size = size > 0 ? size : l->page;
    }
}

/* ---- all ---- */

static bool is_ordinary(const struct range *range)
{
    static const unsigned long least = LEAST / 1024;

    return range->plain && range->usual && range->writable && range->written > least &&
           range->huge < range->written / 2;
}

static void take_all(struct loaded *l, const struct survey *survey)
{
    for (unsigned i = 0; i < survey->count && l->left >= LEAST; i++) {
        const struct range *range = &survey->ranges[i];
        if (is_ordinary(range) && range->heap)
            take_written(l, range->start, range->end);
        else if (is_ordinary(range) && range->nameless)
            take_blocks(l, range);
    }
}

static void take_with(struct loaded *l, const struct survey *survey)
{
    l->memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    l->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (l->memory >= 0 && l->pagemap >= 0)
        take_all(l, survey);
    if (l->memory >= 0)
        close(l->memory);
    if (l->pagemap >= 0)
        close(l->pagemap);
}

/* Half of what is free stays free. */
void forkserver__loaded_to_file(int64_t time, uint32_t *progress)
{
    const size_t left = forkserver__memory_room() / 2;
    struct survey *survey = left >= LEAST && malloc_is_libc_s() ? forkserver__survey_make() : NULL;
    struct loaded *l = survey ? forkserver__private_memory(sizeof *l) : NULL;

    if (l) {
        *l = (struct loaded){ .page = (size_t)sysconf(_SC_PAGESIZE), .left = left,
                              .until = time < 0 ? INT64_MAX : used_time() + time,
                              .progress = progress };
        take_with(l, survey);
        munmap(l, sizeof *l);
    }
    if (survey)
        forkserver__survey_free(survey);
}
