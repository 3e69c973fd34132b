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
 * the kernel refuses stays as it was: this is an optimisation. If an emulator runs the program
 * (valgrind), similar mappings belong to the emulator and change while they are copied: then
 * nothing is touched. An emulator is detected by code from a file that the dynamic linker has not
 * loaded.
 */
#include "forkserver/process/remap.h"

#include "forkserver/process/private_memory.h"
#include "src/base/maps.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 4096 };          /* unit of copying; pages are one or more of these */
enum { MIB = 1024 * 1024, RANGES = 4096, TEXT = 4 * MIB, SIZE_MAX_REMAPPED = MIB };

struct range {
    uintptr_t start, end;
    bool writable;
    bool plain;                 /* private, readable, not executable */
    bool constant;              /* of a file, private, not writable: code, or constants behind it */
    bool usual;                 /* VmFlags were read and contain nothing special */
    bool used;                  /* this process has pages of it */
    bool written;               /* it has pages that were written to */
};

/* Private memory, so that copying changes nothing that is copied. */
struct survey {
    struct range ranges[RANGES];
    unsigned count;
    bool foreign_code;
    /* /proc/self/mem: copying by read(2) bypasses sanitizers, write(2) needs no right to write */
    int memory;
    unsigned char piece[PIECE];
    char text[TEXT];            /* contents of /proc/self/smaps; the rest is ignored */
};

static void read_text(struct survey *survey)
{
    int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t n = 1;

    while (n > 0 && length < TEXT - 1) {
        n = read(fd, survey->text + length, TEXT - 1 - length);
        length += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
}

/*
 * Mappings that are locked, excluded from forks, wiped on fork, growing or monitored have other
 * flags.
 */
static bool only_usual_flags(const char *flags)
{
    static const char usual[] = "rd wr ex mr mw me ac sd ";

    for (; flags[0] > ' ' && flags[1] > ' '; flags += 3) {
        const char flag[] = { flags[0], flags[1], ' ', '\0' };
        if (!strstr(usual, flag))
            return false;
        if (flags[2] != ' ')
            return flags[2] == '\n';
    }
    return true;
}

/* Is this code of a file that is not a module of the program? */
static bool is_foreign_code(const struct mapping *mapping)
{
    Dl_info info;

    return mapping->executable && mapping->path_length > 0 && mapping->path[0] == '/' &&
           dladdr((void *)mapping->start, &info) == 0;
}

static bool is_plain_mapping(const struct mapping *mapping)
{
    return mapping->readable && !mapping->executable && !mapping->shared;
}

static bool is_constant_mapping(const struct mapping *mapping)
{
    return mapping->readable && !mapping->writable && !mapping->shared &&
           mapping->path_length > 0 && mapping->path[0] == '/' &&
           (mapping->executable || mapping->offset > 0);
}

/* Parses one line. Returns false when the table is full. */
static bool read_line(struct survey *survey, const char *line, size_t length)
{
    struct range *last = survey->count > 0 ? &survey->ranges[survey->count - 1] : NULL;
    struct mapping mapping;
    unsigned long kib, key;

    if (base__maps_line(line, length, &mapping)) {
        if (survey->count == RANGES)
            return false;
        survey->ranges[survey->count++] = (struct range){ .start = mapping.start,
                                                          .end = mapping.end,
                                                          .writable = mapping.writable,
                                                          .plain = is_plain_mapping(&mapping),
                                                          .constant =
                                                              is_constant_mapping(&mapping) };
        survey->foreign_code |= is_foreign_code(&mapping);
    } else if (last && sscanf(line, "Anonymous: %lu kB", &kib) == 1) {
        last->written = kib > 0;
    } else if (last && sscanf(line, "Rss: %lu kB", &kib) == 1) {
        last->used = kib > 0;
    } else if (last && sscanf(line, "ProtectionKey: %lu", &key) == 1) {
        last->plain &= key == 0;
        last->constant &= key == 0;
    } else if (last && strncmp(line, "VmFlags: ", 9) == 0) {
        last->usual = only_usual_flags(line + 9);
    }
    return true;
}

static void read_lines(struct survey *survey)
{
    const char *line = survey->text, *end = strchr(line, '\n');

    while (end && read_line(survey, line, (size_t)(end - line))) {
        line = end + 1;
        end = strchr(line, '\n');
    }
}

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
            before->written |= range->written;
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

static bool copy(struct survey *survey, const struct range *range, unsigned char *to)
{
    for (uintptr_t at = range->start; at < range->end; at += PIECE, to += PIECE) {
        if (pread(survey->memory, survey->piece, PIECE, (off_t)at) != PIECE)
            return false;
        if (!is_zero(survey->piece))
            memcpy(to, survey->piece, PIECE);
    }
    return true;
}

static void remap(struct survey *survey, const struct range *range)
{
    size_t size = size_of(range);
    unsigned char *own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                              0);

    if (own == MAP_FAILED)
        return;
    if (!copy(survey, range, own) || (!range->writable && mprotect(own, size, PROT_READ) < 0) ||
        mremap(own, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, range->start) == MAP_FAILED)
        munmap(own, size);
}

static void write_one_byte(struct survey *survey, const struct range *range)
{
    if (pread(survey->memory, survey->piece, 1, (off_t)range->start) == 1)
        (void)!pwrite(survey->memory, survey->piece, 1, (off_t)range->start);
}

void forkserver__remap_memory(void)
{
    struct survey *survey = forkserver__private_memory(sizeof *survey);

    if (!survey)
        return;
    survey->memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    read_text(survey);
    read_lines(survey);
    join_neighbours(survey);
    if (survey->foreign_code)
        survey->count = 0;
    for (unsigned i = 0; i < survey->count && survey->memory >= 0; i++) {
        const struct range *range = &survey->ranges[i];
        if (is_plain(range) && range->written && size_of(range) <= SIZE_MAX_REMAPPED)
            remap(survey, range);
        else if (range->constant && range->usual && range->used && !range->written)
            write_one_byte(survey, range);
    }
    if (survey->memory >= 0)
        close(survey->memory);
    munmap(survey, sizeof *survey);
}
