/*
 * spaces.c - compares root directory and namespaces, or puts them back
 *
 * A worker starts with the namespaces of its server. To enter these again is one system call; to
 * compare the names of all takes three times as long.
 */
#include "src/fresh/spaces.h"

#include "src/fresh/raw.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/stat.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A mount namespace shows in the root directory, whose mount is a copy then. A process without
 * rights needs a new user namespace for any other. One with rights cannot enter the server's again
 * from there. What this kernel does not have reads as nothing. The last ones can be entered again.
 */
static const char *const names[FRESH__SPACES] = {
    "user", "time_for_children", "net", "ipc", "uts", "cgroup", "pid_for_children"
};
enum { USER, TIME };
static const int entered =
    CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWPID;

static void read_space(int directory, int which, char text[FRESH__SPACE])
{
    fresh__clear(text, FRESH__SPACE);
    fresh__call(SYS_readlinkat, directory, names[which], text, FRESH__SPACE);
}

void fresh__spaces_read(int directory, char text[][FRESH__SPACE])
{
    for (int i = 0; i < FRESH__SPACES; i++)
        read_space(directory, i, text[i]);
}

static bool is_unchanged(const struct fresh__saved *saved, int first, int last)
{
    char now[FRESH__SPACE];

    for (int i = first; i <= last; i++) {
        read_space(saved->files.spaces, i, now);
        if (!fresh__same(now, saved->space[i], sizeof now))
            return false;
    }
    return true;
}

static bool read_root(uint64_t root[2])
{
    struct statx status;

    if (fresh__call(SYS_statx, AT_FDCWD, "/", AT_NO_AUTOMOUNT, STATX_INO | STATX_MNT_ID,
                    &status) < 0)
        return false;
    root[0] = status.stx_ino;
    root[1] = status.stx_mnt_id;
    return true;
}

static bool may(const struct fresh__saved *saved, unsigned capability)
{
    return saved->permitted >> capability & 1;
}

/* Are they still those of the server, and may they be entered? */
static bool can_enter(const struct fresh__saved *saved)
{
    return saved->files.server >= 0 &&
           fresh__same(saved->space_at_birth, saved->space, sizeof saved->space) &&
           fresh__call(SYS_setns, saved->files.server, entered) == 0;
}

bool fresh__spaces_save(struct fresh__saved *saved, struct fresh__work *work)
{
    (void)work;
    saved->may_enter = may(saved, CAP_SYS_ADMIN);
    saved->may_root = saved->may_enter || may(saved, CAP_SYS_CHROOT);
    fresh__spaces_read(saved->files.spaces, saved->space);
    saved->enters = saved->may_enter && can_enter(saved);
    return read_root(saved->root);
}

bool fresh__spaces_look(const struct fresh__saved *saved, struct fresh__work *work)
{
    uint64_t root[2];

    (void)work;
    if (saved->may_root && (!read_root(root) || !fresh__same(root, saved->root, sizeof root)))
        return false;
    if (!saved->may_enter)
        return is_unchanged(saved, USER, USER);
    if (!saved->enters)
        return is_unchanged(saved, USER, FRESH__SPACES - 1);
    return is_unchanged(saved, TIME, TIME) &&
           fresh__call(SYS_setns, saved->files.server, entered) == 0;
}
