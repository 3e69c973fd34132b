/*
 * module_files.c - opens module files and debug files
 */
#include "src/crash/module_files.h"

#include "src/crash/debug_link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Opens a path as O_PATH, which does not affect a pipe or device. Returns -1 on failure, or if the
 * path contains a symbolic link. Without openat2(2) only the last component is checked.
 */
static int open_place(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
    return fd;
}

static bool is_regular(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/* Opens a regular file whose name an untrusted process has chosen, for reading. */
static int open_regular(const char *path)
{
    int place = open_place(path), fd = -1;
    char again[32];

    if (place < 0)
        return -1;
    snprintf(again, sizeof again, "/proc/self/fd/%d", place);
    if (is_regular(place))
        fd = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    close(place);
    return fd;
}

/* Opens a file whose name the system or the host has chosen. */
static int open_trusted(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static bool is_executable(const struct module *module)
{
    char target[4096];
    ssize_t length = readlink("/proc/self/exe", target, sizeof target - 1);

    if (length < 0)
        return false;
    target[length] = '\0';
    return strcmp(target, module->path) == 0;
}

/*
 * Opens the file through its mapping, which also finds a replaced or deleted file but needs a
 * capability; /proc/self/exe needs none. The file that is now at the path may be made by the child.
 */
static int open_own(const struct module *module)
{
    char path[64];
    int fd;

    snprintf(path, sizeof path, "/proc/self/map_files/%llx-%llx",
             (unsigned long long)module->start, (unsigned long long)module->head_end);
    fd = open_trusted(path);
    if (fd < 0)
        fd = is_executable(module) ? open_trusted("/proc/self/exe") : open_regular(module->path);
    return fd;
}

void crash__module_files_open(struct module_files *ret_files, const struct modules *at_init,
                              bool wanted)
{
    ret_files->at_init = at_init;
    for (size_t i = 0; i < at_init->count; i++) {
        const struct module *module = &at_init->module[i];
        bool in_file = module->path[0] == '/';
        bool has_index = module->unwind != 0;

        ret_files->file[i] = in_file && (wanted || !has_index) ? open_own(module) : -1;
        ret_files->debug[i] =
            in_file && wanted ? crash__debug_link_open(module, ret_files->file[i], open_trusted)
                              : -1;
    }
}

static bool is_same(const struct module *one, const struct module *other)
{
    if (one->start != other->start || one->build_id_size != other->build_id_size)
        return false;
    if (one->build_id_size > 0)
        return memcmp(one->build_id, other->build_id, one->build_id_size) == 0;
    return one->inode == other->inode && strcmp(one->path, other->path) == 0;
}

void crash__module_files_get(const struct module_files *files, const struct module *module,
                             int *ret_file, int *ret_debug)
{
    for (size_t i = 0; i < files->at_init->count; i++) {
        if (!is_same(&files->at_init->module[i], module))
            continue;
        *ret_file = fcntl(files->file[i], F_DUPFD_CLOEXEC, 0);
        *ret_debug = fcntl(files->debug[i], F_DUPFD_CLOEXEC, 0);
        return;
    }
    *ret_file = module->path[0] == '/' ? open_regular(module->path) : -1;
    *ret_debug = crash__debug_link_open(module, *ret_file, open_regular);
}
