/*
 * path.c - looks up a path that is let in
 */
#include "src/sandbox/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int sandbox__path_refuse(int error, char ret_reason[SANDBOX_REASON], const char *what,
                         const char *path)
{
    snprintf(ret_reason, SANDBOX_REASON, "the path \"%.400s\" of the sandbox %s", path, what);
    return -error;
}

bool sandbox__path_lies_in(const char *path, size_t length, const char *directory)
{
    const size_t prefix = strlen(directory);

    if (prefix == 1)
        return true;
    return length >= prefix && memcmp(path, directory, prefix) == 0 &&
           (length == prefix || path[prefix] == '/');
}

static bool reaches(const char *path, const char *forbidden)
{
    return sandbox__path_lies_in(path, strlen(path), forbidden) ||
           sandbox__path_lies_in(forbidden, strlen(forbidden), path);
}

/* The path by which the kernel knows the file. */
static bool read_path(int fd, char ret_path[PATH_MAX])
{
    char link[64];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, ret_path, PATH_MAX - 1);
    if (length <= 0)
        return false;
    ret_path[length] = '\0';
    return true;
}

/* ---- other mounts ---- */

/* A blank, a tab, a line's end and a backslash stand as octal numbers in mountinfo. */
static void decode(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] == '\\' && at[1] != '\0' && at[2] != '\0' && at[3] != '\0') {
            *to++ = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            at += 3;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

static bool is_of_kernel(const char *type)
{
    static const char *const types[] = { "proc", "devtmpfs", "devpts", "sysfs", "cgroup",
                                         "cgroup2", "debugfs", "tracefs", "securityfs", "bpf" };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(type, types[i]) == 0)
            return true;
    }
    return false;
}

/* A line: id, parent, device, root, mount point, options, fields, "-", type, source ... Returns the
 * mount point if the kernel shows processes or devices there, else NULL. */
static char *point_of_kernel(char *line)
{
    char *point = line, *end, *type = strstr(line, " - ");

    for (int field = 0; field < 4 && point; field++) {
        point = strchr(point, ' ');
        point = point ? point + 1 : NULL;
    }
    end = point ? strchr(point, ' ') : NULL;
    if (!end || !type)
        return NULL;
    *end = '\0';
    type += 3;
    type[strcspn(type, " \n")] = '\0';
    decode(point);
    return is_of_kernel(type) ? point : NULL;
}

/* The mount points, read once. */
static struct {
    bool known;
    size_t count;
    char **point;
} mounts;

static bool add_point(const char *point)
{
    char *copy = strdup(point);
    char **points = copy ? realloc(mounts.point, (mounts.count + 1) * sizeof *points) : NULL;

    if (!points) {
        free(copy);
        return false;
    }
    mounts.point = points;
    points[mounts.count++] = copy;
    return true;
}

static bool read_mounts(FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    bool whole = true;

    while (whole && getline(&line, &room, file) > 0) {
        const char *point = point_of_kernel(line);
        whole = !point || add_point(point);
    }
    free(line);
    return whole && !ferror(file);
}

static bool know_mounts(void)
{
    FILE *file = mounts.known ? NULL : fopen("/proc/self/mountinfo", "re");

    if (!file)
        return mounts.known;
    mounts.known = read_mounts(file);
    fclose(file);
    return mounts.known;
}

/* Does it lie in or above a mount of the kernel's? True also if that is not known. */
static bool reaches_mount_of_kernel(const char *path)
{
    if (!know_mounts())
        return true;
    for (size_t i = 0; i < mounts.count; i++) {
        if (reaches(path, mounts.point[i]))
            return true;
    }
    return false;
}

/* ---- the path ---- */

static bool is_file_of_kernel(int fd, const struct stat *status)
{
    struct statfs filesystem;

    if (fstatfs(fd, &filesystem) < 0 || S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        return true;
    return filesystem.f_type == PROC_SUPER_MAGIC || filesystem.f_type == DEVPTS_SUPER_MAGIC;
}

static bool lets_others_in(int fd)
{
    char path[PATH_MAX];
    struct stat status;

    if (fstat(fd, &status) < 0 || is_file_of_kernel(fd, &status) || !read_path(fd, path))
        return true;
    return reaches(path, "/proc") || reaches(path, "/dev") || reaches_mount_of_kernel(path);
}

int sandbox__path_open(const char *path, char ret_reason[SANDBOX_REASON])
{
    const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

    if (fd < 0) {
        int error = errno;
        char what[128];
        snprintf(what, sizeof what, "cannot be looked up: %s",
                 error == ELOOP ? "it leads through a link of /proc, or through too many links"
                                : strerror(error));
        return sandbox__path_refuse(error, ret_reason, what, path);
    }
    if (!lets_others_in(fd))
        return fd;
    close(fd);
    return sandbox__path_refuse(EINVAL, ret_reason, "lies in or above /proc, /dev or the like",
                                path);
}
