/*
 * rights.c - checks that a process lacks what it must not have
 */
#include "tests/hostile/rights.h"

#include "tests/hostile/raw.h"
#include "tests/hostile/settings.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) < 0)
        return false;
    return data[0].permitted || data[1].permitted || data[0].inheritable || data[1].inheritable;
}

/* Where hostile functions run as the program's user they have its ids. */
static bool has_other_ids(void)
{
    uid_t uid[3];
    gid_t gid[3];

    getresuid(&uid[0], &uid[1], &uid[2]);
    getresgid(&gid[0], &gid[1], &gid[2]);
    for (int i = 0; i < 3; i++) {
        if (settings->aliens ? uid[i] == 0 || gid[i] == 0 : uid[i] != settings->user)
            return true;
    }
    return false;
}

static bool has_groups(void)
{
    return settings->aliens && getgroups(0, NULL) > 0;
}

static bool can_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool can_open_canary(void)
{
    return can_open("/etc/passwd") || can_open(settings->canary);
}

bool rights_are_few(void)
{
    return !has_other_ids() && !has_capabilities();
}

const char *rights_excess(void)
{
    if (has_other_ids())
        return "ids that it must not have";
    if (has_capabilities())
        return "capabilities";
    if (has_groups())
        return "supplementary groups";
    return can_open_canary() ? "access to what is not its own" : NULL;
}

/* ---- descriptors ---- */

/* Sockets of the library's, and what stands for descriptors of before init. */
static bool may_have(int fd)
{
    struct stat status, null;

    if (fd == raw_sender || fstat(fd, &status) < 0)
        return true;
    if (S_ISCHR(status.st_mode))
        return stat("/dev/null", &null) == 0 && status.st_rdev == null.st_rdev;
    return fd == raw_channel() || fd == raw_link();
}

const char *rights_excess_of_descriptors(void)
{
    static char text[160];
    char path[32], name[100];

    for (int fd = 3; fd < 1024; fd++) {
        if (may_have(fd))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, name, sizeof name);
        snprintf(text, sizeof text, "descriptor %d, %.*s", fd, n > 0 ? (int)n : 0, name);
        return text;
    }
    return NULL;
}

/* ---- evidence ---- */

void rights_show(const char *format, ...)
{
    char text[200];
    va_list arguments;
    int fd = open(settings->canary, O_WRONLY | O_APPEND | O_CLOEXEC);

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (fd >= 0) {
        dprintf(fd, "%s\n", text);
        close(fd);
    }
    prctl(PR_SET_NAME, RIGHTS_NAME);
    poll(NULL, 0, 1000);
}

void rights_check(const char *finder)
{
    const char *excess = rights_excess();

    if (excess)
        rights_show("%s has %s", finder, excess);
}
