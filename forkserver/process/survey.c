/*
 * survey.c - reads /proc/self/smaps
 */
#include "forkserver/process/survey.h"

#include "forkserver/process/private_memory.h"
#include "src/base/maps.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void read_text(struct survey *survey)
{
    int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t n = 1;

    while (n > 0 && length < SURVEY_TEXT - 1) {
        n = read(fd, survey->text + length, SURVEY_TEXT - 1 - length);
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

static bool is_heap(const struct mapping *mapping)
{
    static const char name[] = "[heap]";
    return mapping->path_length == sizeof name - 1 &&
           memcmp(mapping->path, name, sizeof name - 1) == 0;
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
        if (survey->count == SURVEY_RANGES)
            return false;
        survey->ranges[survey->count++] = (struct range){ .start = mapping.start,
                                                          .end = mapping.end,
                                                          .writable = mapping.writable,
                                                          .plain = is_plain_mapping(&mapping),
                                                          .heap = is_heap(&mapping),
                                                          .nameless = mapping.path_length == 0,
                                                          .constant =
                                                              is_constant_mapping(&mapping) };
        survey->foreign_code |= is_foreign_code(&mapping);
    } else if (last && sscanf(line, "Anonymous: %lu kB", &kib) == 1) {
        last->written = kib;
    } else if (last && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1) {
        last->huge = kib;
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

struct survey *forkserver__survey_make(void)
{
    struct survey *survey = forkserver__private_memory(sizeof *survey);

    if (!survey)
        return NULL;
    read_text(survey);
    read_lines(survey);
    if (survey->foreign_code)
        survey->count = 0;
    return survey;
}

void forkserver__survey_free(struct survey *survey)
{
    munmap(survey, sizeof *survey);
}
