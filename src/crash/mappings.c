/*
 * mappings.c - reads /proc/PID/maps
 */
#include "src/crash/mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_LIMIT = 16 << 20 };

int crash__mappings_open(pid_t pid)
{
    char path[32];
    int fd;

    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int read_all(int fd, char **ret_text)
{
    size_t room = 32768, size = 0;
    char *text = malloc(room);
    ssize_t got = 1;

    while (text && got > 0 && size < TEXT_LIMIT) {
        if (room - size < 4096) {
            char *larger = realloc(text, room *= 2);

            if (!larger)
                break;
            text = larger;
        }
        got = read(fd, text + size, room - size - 1);
        size += got > 0 ? (size_t)got : 0;
    }
    if (!text || got < 0) {
        free(text);
        return text ? -EIO : -ENOMEM;
    }
    text[size] = '\0';
    *ret_text = text;
    return 0;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;

    for (; *text; text++)
        lines += *text == '\n';
    return lines < MAPPINGS_MAX ? lines : MAPPINGS_MAX;
}

static int parse(struct mappings *mappings)
{
    size_t lines = count_lines(mappings->text);
    char *line = mappings->text;

    mappings->mapping = calloc(lines + 1, sizeof *mappings->mapping);
    if (!mappings->mapping)
        return -ENOMEM;
    for (size_t i = 0; i < lines; i++) {
        char *end = strchr(line, '\n');

        *end = '\0';
        mappings->count += base__maps_line(line, (size_t)(end - line),
                                                  &mappings->mapping[mappings->count]);
        line = end + 1;
    }
    return 0;
}

int crash__mappings_parse(struct mappings *ret_mappings, char *text)
{
    struct mappings mappings = {.text = text};
    int error = parse(&mappings);

    if (error)
        crash__mappings_free(&mappings);
    else
        *ret_mappings = mappings;
    return error;
}

int crash__mappings_read(struct mappings *ret_mappings, int maps)
{
    char *text;
    int error = read_all(maps, &text);

    return error ? error : crash__mappings_parse(ret_mappings, text);
}

void crash__mappings_free(struct mappings *mappings)
{
    free(mappings->mapping);
    free(mappings->text);
    *mappings = (struct mappings){0};
}

/* The kernel lists mappings by address. */
const struct mapping *crash__mappings_at(const struct mappings *mappings, uint64_t address)
{
    size_t low = 0, high = mappings->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (address >= mappings->mapping[middle].end)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < mappings->count && address >= mappings->mapping[low].start)
        return &mappings->mapping[low];
    return NULL;
}
