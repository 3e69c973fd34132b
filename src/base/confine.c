/*
 * confine.c - drops rights and sets limits before untrusted memory is read
 */
#include "src/base/confine.h"

#include "src/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* ---- ids of a process ---- */

enum { STATUS_BYTES = 4096 };    /* the ids are at the beginning */

static int read_text(const char *path, char *ret_text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, ret_text, room - 1);
    int error = got < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    ret_text[got < 0 ? 0 : got] = '\0';
    return error;
}

/*
 * Returns the text after a key at the start of a line. The process's name, which stands above,
 * cannot contain a newline.
 */
static const char *value_of(const char *status, const char *key)
{
    const char *at = strstr(status, key);

    return at ? at + strlen(key) : NULL;
}

/* The text may be cut inside the last number, which is then omitted. */
static size_t read_groups(const char *text, gid_t *ret_groups)
{
    size_t count = 0;
    char *end;

    while (count < CONFINE_GROUPS) {
        unsigned long group = strtoul(text, &end, 10);

        if (end == text || (*end != ' ' && *end != '\n'))
            break;
        ret_groups[count++] = (gid_t)group;
        text = end;
        while (*text == ' ')
            text++;
        if (*text == '\n')
            break;
    }
    return count;
}

int base__confine_ids(pid_t pid, struct confine_ids *ret_ids)
{
    char path[32], status[STATUS_BYTES];
    const char *uid, *gid, *groups;
    int error;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    error = read_text(path, status, sizeof status);
    if (error)
        return error;
    uid = value_of(status, "\nUid:\t");
    gid = value_of(status, "\nGid:\t");
    groups = value_of(status, "\nGroups:\t");
    if (!uid || !gid || !groups)
        return -EPROTO;
    ret_ids->uid = (uid_t)strtoul(uid, NULL, 10);
    ret_ids->gid = (gid_t)strtoul(gid, NULL, 10);
    ret_ids->group_count = read_groups(groups, ret_ids->groups);
    return 0;
}

/* ---- dropping rights ---- */

static bool has_ids(uid_t uid, gid_t gid)
{
    uid_t own_uid[3];
    gid_t own_gid[3];

    if (getresuid(&own_uid[0], &own_uid[1], &own_uid[2]) != 0 ||
        getresgid(&own_gid[0], &own_gid[1], &own_gid[2]) != 0)
        return false;
    for (int i = 0; i < 3; i++)
        if (own_uid[i] != uid || own_gid[i] != gid)
            return false;
    return true;
}

/* A process that may not change its groups could not give the child other groups either. */
static void take_ids(const struct confine_ids *ids)
{
    (void)setgroups(ids->group_count, ids->groups);
    if (has_ids(ids->uid, ids->gid))
        return;
    if (setresgid(ids->gid, ids->gid, ids->gid) == 0)
        (void)!setresuid(ids->uid, ids->uid, ids->uid);
}

static void drop_bounding_set(void)
{
    for (unsigned long i = 0; prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0; i++)
        ;
}

static void drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    (void)syscall(SYS_capset, &head, none);
}

static bool has_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct own[_LINUX_CAPABILITY_U32S_3];

    if (syscall(SYS_capget, &head, own) != 0)
        return true;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (own[i].permitted || own[i].effective || own[i].inheritable)
            return true;
    return false;
}

int base__confine(const struct confine_ids *ids)
{
    /* From here on the child's user cannot trace this process, whatever ids it had before. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    drop_bounding_set();
    take_ids(ids);
    drop_capabilities();
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return has_ids(ids->uid, ids->gid) && !has_capabilities() ? 0 : -EPERM;
}

/* ---- limits ---- */

static void limit(int resource, rlim_t most)
{
    struct rlimit present;

    if (getrlimit(resource, &present) != 0)
        return;
    if (present.rlim_cur > most)
        present.rlim_cur = most;
    present.rlim_max = present.rlim_cur;
    (void)setrlimit(resource, &present);
}

static rlim_t present_bytes(void)
{
    char text[128];
    unsigned long pages;

    if (read_text("/proc/self/statm", text, sizeof text) != 0)
        return RLIM_INFINITY;
    pages = strtoul(text, NULL, 10);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void set_alarm(int64_t time)
{
    struct itimerval timer = {
        .it_value = {.tv_sec = time / BASE_SECOND, .tv_usec = time % BASE_SECOND / 1000}};
    sigset_t alarm;

    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    signal(SIGALRM, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

void base__confine_limits(const struct confine_limits *limits)
{
    rlim_t present = present_bytes();

    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, limits->file_bytes);
    limit(RLIMIT_CPU, (rlim_t)(limits->time / BASE_SECOND + 1));
    if (present != RLIM_INFINITY)
        limit(RLIMIT_AS, present + limits->memory);
    set_alarm(limits->time);
}
