/*
 * renew.c - memory inherited from the host becomes the server's own
 *
 * The kernel notes for each mapping through which processes its pages have come, and every fork and
 * every exit walks these notes. A server is the host's grandchild, so its children would carry the
 * fourth generation of each data segment. Once, as soon as there is time, such mappings are
 * replaced by equal ones that begin here; a segment and its zeroed end become one on the way.
 *
 * Nothing but small, plain, private memory is touched, and what the kernel refuses stays as it was:
 * this is about speed alone. Where something else runs the program (valgrind), memory that looks
 * the same is that one's, and changes while it is copied: nothing is touched then. It is known by
 * its code, which comes from a file that the dynamic linker has not loaded.
 */
#include "forkserver/internal.h"

#include "forkserver/private_memory.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 4096 };          /* so much is copied at a time; pages are one or more of these */
enum { MIB = 1024 * 1024, RANGES = 4096, TEXT = 4 * MIB, SIZE_MAX_RENEWED = MIB };

struct range {
    uintptr_t start, end;
    bool writable;
    bool plain;                 /* private, and readable */
    bool usual;                 /* nothing is unusual about it: its flags have been seen */
    bool written;               /* by somebody who had it */
};

/* Apart, so that the copying changes nothing that is copied. */
struct survey {
    struct range ranges[RANGES];
    unsigned count;
    bool foreign_code;
    int memory;                 /* /proc/self/mem: the kernel copies without asking sanitizers */
    unsigned char piece[PIECE];
    char text[TEXT];            /* of /proc/self/smaps; what is longer is left alone */
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

/* Whatever is locked, hidden from forks, wiped, grown or watched has another flag as well. */
static bool only_usual_flags(const char *flags)
{
    static const char usual[] = "rd wr mr mw me ac sd ";

    for (; flags[0] > ' ' && flags[1] > ' '; flags += 3) {
        const char flag[] = { flags[0], flags[1], ' ', '\0' };
        if (!strstr(usual, flag))
            return false;
        if (flags[2] != ' ')
            return flags[2] == '\n';
    }
    return true;
}

/* Code from a file, but of no module. */
static bool is_foreign_code(uintptr_t start, const char *rights, char name)
{
    Dl_info info;

    return rights[2] == 'x' && name == '/' && dladdr((void *)start, &info) == 0;
}

/* False when there is no room for another mapping. */
static bool read_line(struct survey *survey, const char *line)
{
    struct range *last = survey->count > 0 ? &survey->ranges[survey->count - 1] : NULL;
    unsigned long start, end, kib, key;
    char rights[5], name = '\0';

    if (sscanf(line, "%lx-%lx %4s %*x %*s %*u %c", &start, &end, rights, &name) >= 3) {
        if (survey->count == RANGES)
            return false;
        survey->ranges[survey->count++] = (struct range){
            .start = start, .end = end, .writable = rights[1] == 'w',
            .plain = rights[0] == 'r' && rights[2] == '-' && rights[3] == 'p' };
        survey->foreign_code |= is_foreign_code(start, rights, name);
    } else if (last && sscanf(line, "Anonymous: %lu kB", &kib) == 1) {
        last->written = kib > 0;
    } else if (last && sscanf(line, "ProtectionKey: %lu", &key) == 1) {
        last->plain &= key == 0;
    } else if (last && strncmp(line, "VmFlags: ", 9) == 0) {
        last->usual = only_usual_flags(line + 9);
    }
    return true;
}

static void read_lines(struct survey *survey)
{
    const char *line = survey->text, *end = strchr(line, '\n');

    while (end && read_line(survey, line)) {
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

/* Neighbours with the same rights are one from now on, unless they are too large together. */
static void join_neighbours(struct survey *survey)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < survey->count; i++) {
        struct range *range = &survey->ranges[i];
        struct range *before = kept > 0 ? &survey->ranges[kept - 1] : NULL;
        if (before && before->end == range->start && is_plain(before) && is_plain(range) &&
            before->writable && range->writable &&
            size_of(before) + size_of(range) <= SIZE_MAX_RENEWED) {
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

static void renew(struct survey *survey, const struct range *range)
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

void forkserver__renew_memory(void)
{
    struct survey *survey = forkserver__apart(sizeof *survey);

    if (!survey)
        return;
    survey->memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    read_text(survey);
    read_lines(survey);
    join_neighbours(survey);
    if (survey->foreign_code)
        survey->count = 0;
    for (unsigned i = 0; i < survey->count && survey->memory >= 0; i++) {
        const struct range *range = &survey->ranges[i];
        if (is_plain(range) && range->written && size_of(range) <= SIZE_MAX_RENEWED)
            renew(survey, range);
    }
    if (survey->memory >= 0)
        close(survey->memory);
    munmap(survey, sizeof *survey);
}
