/*
 * confinement.c - compares the caller's confinement with that at init
 */
#include "src/call/confinement.h"

#include "src/base/shortage.h"
#include "src/base/thread.h"
#include "src/client/root_process.h"
#include "src/image/image.h"
#include "src/rights/cached_fd.h"
#include "src/rights/status.h"
#include <errno.h>
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

/* A property that cannot be read is not known. It is no answer if only memory was short. */
static int shortage_or_unknown(int rc)
{
    return base__is_shortage(rc) ? rc : 0;
}

static int read_root_directory(struct directory *ret_directory)
{
    struct statx status = { 0 };

    *ret_directory = (struct directory){ 0 };
    if (statx(AT_FDCWD, "/", AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID,
              &status) < 0)
        return shortage_or_unknown(-errno);
    *ret_directory = (struct directory){
        .device = makedev(status.stx_dev_major, status.stx_dev_minor),
        .inode = status.stx_ino,
        .mount = status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id : 0,
    };
    return 0;
}

/*
 * The links to the namespaces of the main thread, in /proc: read by their descriptors, which takes
 * less time than by their paths.
 */
static struct procspawn__cached_fd own_network = { .path = "/proc/self/ns/net", .fd = -1,
                                                   .flags = O_PATH | O_NOFOLLOW };
static struct procspawn__cached_fd own_user = { .path = "/proc/self/ns/user", .fd = -1,
                                                .flags = O_PATH | O_NOFOLLOW };

void procspawn__confinement_close(void)
{
    procspawn__cached_fd_close(&own_network);
    procspawn__cached_fd_close(&own_user);
}

/* The text of the symbolic link is, for instance, "net:[4026531840]". */
static int read_link(int directory, const char *path, uint64_t *ret_number)
{
    char text[64];
    ssize_t length = readlinkat(directory, path, text, sizeof text - 1);

    *ret_number = 0;
    if (length < 0)
        return shortage_or_unknown(-errno);
    text[length] = '\0';
    const char *number = strchr(text, '[');
    *ret_number = number ? strtoull(number + 1, NULL, 10) : 0;
    return 0;
}

/*
 * A namespace that is that of init is believed: no other kind of file gives such a text. Any other
 * answer is asked for again, from the path: the number may belong to another file by now.
 */
static int read_own(struct procspawn__cached_fd *cached, uint64_t at_init, uint64_t *ret_number)
{
    int fd = procspawn__cached_fd_get(cached);

    if (fd >= 0 && at_init != 0 && read_link(fd, "", ret_number) == 0 && *ret_number == at_init)
        return 0;
    fd = procspawn__cached_fd_open(cached);
    return fd < 0 ? read_link(AT_FDCWD, cached->path, ret_number) : read_link(fd, "", ret_number);
}

static int read_network(uint64_t *ret_number)
{
    return base__is_main_thread() ? read_own(&own_network, initial.network, ret_number)
                                  : read_link(AT_FDCWD, "/proc/thread-self/ns/net", ret_number);
}

static int read_user(uint64_t *ret_number)
{
    return base__is_main_thread() ? read_own(&own_user, initial.user, ret_number)
                                  : read_link(AT_FDCWD, "/proc/thread-self/ns/user", ret_number);
}

int procspawn__confinement_record(const struct procspawn__status *status)
{
    initial.seccomp = status->seccomp;
    initial.counted = status->counted;
    initial.filters = status->filters;
    initial.permitted = status->rights.capabilities.permitted;
    initial.root_readable = false;
    int rc = read_root_directory(&initial.root);
    if (rc == 0)
        rc = read_network(&initial.network);
    return rc < 0 ? rc : read_user(&initial.user);
}

void procspawn__confinement_record_root(void)
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

static int find_moves(unsigned *kinds)
{
    struct directory root;
    uint64_t network;
    int rc = read_root_directory(&root);

    if (rc == 0)
        rc = read_network(&network);
    if (rc < 0)
        return rc;
    if (is_new_root(root))
        *kinds |= PROCSPAWN_RIGHTS_ROOT;
    if (is_new(network, initial.network))
        *kinds |= PROCSPAWN_RIGHTS_NETWORK;
    return 0;
}

int procspawn__confinement_differs(const struct procspawn__status *status, unsigned *ret_kinds)
{
    uint64_t user;
    int rc = read_user(&user);

    *ret_kinds = 0;
    if (rc < 0)
        return rc;
    if (is_new(user, initial.user))
        *ret_kinds |= PROCSPAWN_RIGHTS_USER;
    if (has_new_filter(status))
        *ret_kinds |= PROCSPAWN_RIGHTS_SECCOMP;
    return may_have_moved(*ret_kinds) ? find_moves(ret_kinds) : 0;
}

/* A thread in a Landlock domain cannot inspect processes outside of it. Entering one requires
 * no_new_privs or CAP_SYS_ADMIN, so the check is skipped without these. */
bool procspawn__confinement_landlocked(const struct procspawn__status *status)
{
    bool may_be = status->rights.no_new_privs ||
                  (initial.permitted & UINT64_C(1) << CAP_SYS_ADMIN);

    return may_be && initial.root_readable && !procspawn__image.is_child &&
           !procspawn__root_readable();
}
