/*
 * place.c - compares the caller's confinement with that at init
 */
#include "src/call/place.h"

#include "src/client/root_process.h"
#include "src/image/image.h"
#include "src/rights/kept_fd.h"
#include "src/rights/status.h"
#include <fcntl.h>
#include <forkscope/procspawn.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

/* 0: not known. */
struct directory {
    uint64_t device, inode, mount;
};

static struct {
    struct directory root;
    uint64_t network, user;             /* namespaces */
    unsigned seccomp;
    bool counted;
    unsigned filters;
    uint64_t permitted;                 /* capabilities */
    bool root_readable;         /* the program may inspect the root process */
} initial;

static struct directory read_root_directory(void)
{
    struct statx status = { 0 };

    if (statx(AT_FDCWD, "/", AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID,
              &status) < 0)
        return (struct directory){ 0 };
    return (struct directory){
        .device = makedev(status.stx_dev_major, status.stx_dev_minor),
        .inode = status.stx_ino,
        .mount = status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id : 0,
    };
}

/* The namespaces of the main thread. */
static struct procspawn__kept own_namespaces = { .path = "/proc/self/ns", .fd = -1,
                                                 .flags = O_PATH | O_DIRECTORY };

void procspawn__place_close(void)
{
    procspawn__kept_close(&own_namespaces);
}

/* The text of the symbolic link is, for instance, "net:[4026531840]". */
static uint64_t read_namespace_at(int directory, const char *path)
{
    char text[64];
    ssize_t length = readlinkat(directory, path, text, sizeof text - 1);

    if (length <= 0)
        return 0;
    text[length] = '\0';
    const char *number = strchr(text, '[');
    return number ? strtoull(number + 1, NULL, 10) : 0;
}

static uint64_t read_own_namespace(const char *name)
{
    int fd = procspawn__kept_fd(&own_namespaces);
    uint64_t number = fd >= 0 ? read_namespace_at(fd, name) : 0;

    if (number == 0 && (fd = procspawn__kept_open(&own_namespaces)) >= 0)
        number = read_namespace_at(fd, name);
    return number;
}

static uint64_t read_network(void)
{
    return gettid() == getpid() ? read_own_namespace("net")
                                : read_namespace_at(AT_FDCWD, "/proc/thread-self/ns/net");
}

static uint64_t read_user(void)
{
    return gettid() == getpid() ? read_own_namespace("user")
                                : read_namespace_at(AT_FDCWD, "/proc/thread-self/ns/user");
}

void procspawn__place_remember(const struct procspawn__status *status)
{
    initial.seccomp = status->seccomp;
    initial.counted = status->counted;
    initial.filters = status->filters;
    initial.permitted = status->rights.capabilities.permitted;
    initial.root = read_root_directory();
    initial.network = read_network();
    initial.user = read_user();
    initial.root_readable = false;
}

void procspawn__place_remember_root(void)
{
    initial.root_readable = procspawn__root_readable();
}

/* ---- what differs ---- */

static bool is_new(uint64_t now, uint64_t at_init)
{
    return at_init != 0 && now != at_init;
}

static bool is_new_root(struct directory now)
{
    return is_new(now.device, initial.root.device) || is_new(now.inode, initial.root.inode) ||
           is_new(now.mount, initial.root.mount);
}

static bool has_new_filter(const struct procspawn__status *status)
{
    if (status->seccomp != initial.seccomp)
        return true;
    return initial.counted && (!status->counted || status->filters != initial.filters);
}

/* Without these capabilities at init, only a new user namespace lets a thread change its root or
 * its network namespace. */
static bool may_have_moved(unsigned kinds)
{
    const uint64_t rights = UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_SYS_CHROOT;
    return (initial.permitted & rights) || (kinds & PROCSPAWN_RIGHTS_USER);
}

unsigned procspawn__place_differs(const struct procspawn__status *status)
{
    unsigned kinds = 0;

    if (is_new(read_user(), initial.user))
        kinds |= PROCSPAWN_RIGHTS_USER;
    if (has_new_filter(status))
        kinds |= PROCSPAWN_RIGHTS_SECCOMP;
    if (!may_have_moved(kinds))
        return kinds;
    if (is_new_root(read_root_directory()))
        kinds |= PROCSPAWN_RIGHTS_ROOT;
    if (is_new(read_network(), initial.network))
        kinds |= PROCSPAWN_RIGHTS_NETWORK;
    return kinds;
}

/* A thread in a Landlock domain cannot inspect processes outside of it. Entering one requires
 * no_new_privs or CAP_SYS_ADMIN, so the check is skipped without these. */
bool procspawn__place_landlocked(const struct procspawn__status *status)
{
    bool may_be = status->rights.no_new_privs ||
                  (initial.permitted & UINT64_C(1) << CAP_SYS_ADMIN);

    return may_be && initial.root_readable && !procspawn__image.is_child &&
           !procspawn__root_readable();
}
