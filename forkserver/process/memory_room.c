/*
 * memory_room.c - how much memory is free
 */
#include "forkserver/process/memory_room.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 512 };

/* Reads the beginning of a file. Returns false if there is none. */
static bool read_text(const char *path, char *ret_text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, ret_text, size - 1);

    if (fd >= 0)
        close(fd);
    ret_text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static uint64_t of_machine(void)
{
    static const char key[] = "MemAvailable:";
    char text[1024];

    read_text("/proc/meminfo", text, sizeof text);
    const char *found = strstr(text, key);
    return found ? strtoull(found + sizeof key - 1, NULL, 10) * 1024 : 0;
}

/* Of one group. "max" and other words are no limit. */
static uint64_t of_group(const char *directory, const char *limit, const char *usage)
{
    char path[PATH + 64], text[32];

    snprintf(path, sizeof path, "%s/%s", directory, limit);
    if (!read_text(path, text, sizeof text) || text[0] < '0' || text[0] > '9')
        return UINT64_MAX;
    uint64_t most = strtoull(text, NULL, 10);
    snprintf(path, sizeof path, "%s/%s", directory, usage);
    uint64_t used = read_text(path, text, sizeof text) ? strtoull(text, NULL, 10) : most;
    return used < most ? most - used : 0;
}

/* Of the group with this path and of all above it. In a container the path may begin at its top. */
static uint64_t of_groups(const char *top, const char *group, const char *limit, const char *usage)
{
    char directory[PATH];
    const size_t least = strlen(top);
    int length = snprintf(directory, sizeof directory, "%s%.*s", top, (int)strcspn(group, "\n"),
                          group);
    uint64_t room = UINT64_MAX;

    while (length > 0 && (size_t)length < sizeof directory) {
        uint64_t here = of_group(directory, limit, usage);
        room = here < room ? here : room;
        char *slash = strlen(directory) > least ? strrchr(directory, '/') : NULL;
        if (!slash)
            break;
        *slash = '\0';
    }
    return room;
}

size_t forkserver__memory_room(void)
{
    static const char first[] = ":memory:", second[] = "0::";
    char text[4096];
    uint64_t room = of_machine(), groups = UINT64_MAX;

    if (!read_text("/proc/self/cgroup", text, sizeof text))
        return (size_t)(room < SIZE_MAX ? room : SIZE_MAX);
    const char *found = strstr(text, first);
    if (found)
        groups = of_groups("/sys/fs/cgroup/memory", found + sizeof first - 1,
                           "memory.limit_in_bytes", "memory.usage_in_bytes");
    else if ((found = strstr(text, second)))
        groups = of_groups("/sys/fs/cgroup", found + sizeof second - 1, "memory.max",
                           "memory.current");
    room = groups < room ? groups : room;
    return (size_t)(room < SIZE_MAX ? room : SIZE_MAX);
}
