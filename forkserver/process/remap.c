/*
 * remap.c - prepares the server's mappings so that its children cost less
 *
 * Memory that was inherited from the host is replaced by mappings of the server's own. The kernel
 * records for each mapping the processes that its pages were inherited through (anon_vma), and each
 * fork and exit walks these records. A server is the host's grandchild, so its children would be
 * the fourth generation. Once, when the server is idle, such mappings are replaced by equal new
 * ones; a data segment and its zeroed end become one mapping.
 *
 * A fork copies the page table entries of a mapping only if a page of it was written to. For code
 * and constants each child would have about twenty page faults instead. So one byte of each such
 * mapping is written, with the value that it has. A mapping that was written to costs each fork and
 * exit about as much as one page fault, so it is not done for the start of a file: it holds headers
 * and symbol tables, and a child that resolves no symbol does not read them.
 *
 * Only private mappings without special flags are touched, for the copy only small ones, and what
 * the kernel refuses stays as it was: this is an optimisation.
 */
#include "forkserver/process/remap.h"

#include "forkserver/process/private_memory.h"
#include "forkserver/process/survey.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 4096 };          /* unit of copying; pages are one or more of these */
enum { SIZE_MAX_REMAPPED = 1024 * 1024 };

/* Private memory, so that copying changes nothing that is copied. */
struct copier {
    /* /proc/self/mem: copying by read(2) bypasses sanitizers, write(2) needs no right to write */
    int memory;
    unsigned char piece[PIECE];
};

static size_t size_of(const struct range *range)
{
    return range->end - range->start;
}

static bool is_plain(const struct range *range)
{
    return range->plain && range->usual;
}

/* Merges adjacent writable ranges, unless they are too large together. */
static void join_neighbours(struct survey *survey)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < survey->count; i++) {
        struct range *range = &survey->ranges[i];
        struct range *before = kept > 0 ? &survey->ranges[kept - 1] : NULL;
        if (before && before->end == range->start && is_plain(before) && is_plain(range) &&
            before->writable && range->writable &&
            size_of(before) + size_of(range) <= SIZE_MAX_REMAPPED) {
            before->end = range->end;
            before->written += range->written;
        } else {
            survey->ranges[kept++] = *range;
        }
    }
    survey->count = kept;
}

static bool is_zero(const unsigned char *piece)
{
    return piece[0] == 0 && memcmp(piece, piece + 1, PIECE - 1) == 0;
}

static bool copy(struct copier *copier, const struct range *range, unsigned char *to)
{
    for (uintptr_t at = range->start; at < range->end; at += PIECE, to += PIECE) {
        if (pread(copier->memory, copier->piece, PIECE, (off_t)at) != PIECE)
            return false;
        if (!is_zero(copier->piece))
            memcpy(to, copier->piece, PIECE);
    }
    return true;
}

static void remap(struct copier *copier, const struct range *range)
{
    size_t size = size_of(range);
    unsigned char *own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                              0);

    if (own == MAP_FAILED)
        return;
    if (!copy(copier, range, own) || (!range->writable && mprotect(own, size, PROT_READ) < 0) ||
        mremap(own, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, range->start) == MAP_FAILED)
        munmap(own, size);
}

static void write_one_byte(struct copier *copier, const struct range *range)
{
    if (pread(copier->memory, copier->piece, 1, (off_t)range->start) == 1)
        (void)!pwrite(copier->memory, copier->piece, 1, (off_t)range->start);
}

static void remap_all(struct survey *survey, struct copier *copier)
{
    join_neighbours(survey);
    for (unsigned i = 0; i < survey->count && copier->memory >= 0; i++) {
        const struct range *range = &survey->ranges[i];
        if (is_plain(range) && range->written > 0 && size_of(range) <= SIZE_MAX_REMAPPED)
            remap(copier, range);
        else if (range->constant && range->usual && range->used && range->written == 0)
            write_one_byte(copier, range);
    }
}

void forkserver__remap_memory(void)
{
    struct copier *copier = forkserver__private_memory(sizeof *copier);
    struct survey *survey = copier ? forkserver__survey_make() : NULL;

    if (survey) {
        copier->memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
        remap_all(survey, copier);
        if (copier->memory >= 0)
            close(copier->memory);
        forkserver__survey_free(survey);
    }
    if (copier)
        munmap(copier, sizeof *copier);
}
