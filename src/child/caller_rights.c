/*
 * caller_rights.c - identifies the sender of a call, and limits the child to the sender's rights
 */
#include "src/child/caller_rights.h"

#include "forkserver/forkserver.h"
#include "src/base/proc.h"
#include "src/base/written.h"
#include "src/call/builder.h"
#include "src/child/become.h"
#include "src/image/image.h"
#include "src/rights/identity.h"
#include "src/rights/status.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

bool procspawn__sender_privileged(void)
{
    const struct procspawn__identity *init = procspawn__identity_initial();

    return init->uid[0] == 0 || init->uid[1] == 0 || init->uid[2] == 0 ||
           init->rights.capabilities.permitted != 0;
}

static bool all_are(const uint32_t ids[3], uint32_t id)
{
    return ids[0] == id && ids[1] == id && ids[2] == id;
}

/* ---- the sender ---- */

/* The user of the first call: a worker serves no other one, but root. */
static struct {
    bool known;
    uid_t uid;
} served BASE_WRITTEN;

static bool is_served(const struct procspawn__sender *sender)
{
    if (!served.known)
        served.uid = sender->uid;
    served.known = true;
    return sender->uid == served.uid || (sender->uid == 0 && !sender->nested);
}

int procspawn__sender_identify(const struct wire_frame *frame, const struct forkserver_child *self,
                               struct procspawn__sender *ret_sender)
{
    const struct procspawn__identity *init = procspawn__identity_initial();
    uid_t uid = frame->sender_uid;
    gid_t gid = frame->sender_gid;

    *ret_sender = (struct procspawn__sender){
        .pid = frame->sender,
        .thread = frame->sender,
        .uid = uid,
        .gid = gid,
        .nested = self->depth > 0,
        .peer = self->depth == 1 && all_are(init->uid, uid) && all_are(init->gid, gid),
        .checked = self->depth == 0 && procspawn__image.privileged && uid != 0,
    };
    return frame->sender == self->requester && is_served(ret_sender) ? 0 : -EPERM;
}

/* The thread to read limits and status of: the main thread if the sending one has ended. */
static pid_t witness(const struct procspawn__sender *sender)
{
    bool there = syscall(SYS_tgkill, sender->pid, sender->thread, 0) == 0;
    return there ? sender->thread : sender->pid;
}

/* ---- resource limits ---- */

static int bind_limit(pid_t thread, int resource)
{
    struct rlimit theirs, own;

    if (prlimit(thread, (__rlimit_resource_t)resource, NULL, &theirs) < 0 ||
        getrlimit((__rlimit_resource_t)resource, &own) < 0)
        return -errno;
    if (own.rlim_max <= theirs.rlim_max)
        return 0;
    own.rlim_max = theirs.rlim_max;
    if (own.rlim_cur > own.rlim_max)
        own.rlim_cur = own.rlim_max;
    return setrlimit((__rlimit_resource_t)resource, &own) < 0 ? -errno : 0;
}

int procspawn__sender_bind_limits(const struct procspawn__sender *sender)
{
    uint64_t before = 0, none;
    int rc = procspawn__become_effective(0, &before);
    pid_t thread = witness(sender);

    for (int i = 0; rc == 0 && i < PROCSPAWN__RESOURCES; i++)
        rc = bind_limit(thread, i);
    int restored = procspawn__become_effective(before, &none);
    return rc < 0 ? rc : restored;
}

/* ---- groups and rights ---- */

/* The contents of a status file of /proc. */
struct told {
    uint32_t uid[3], gid[3];
    uint32_t *groups;
    size_t group_count;
    struct procspawn__status status;
};

static size_t read_numbers(const char *text, uint32_t *numbers, size_t room)
{
    size_t count = 0;
    char *end;

    for (; count < room; count++, text = end) {
        text += strspn(text, " \t");
        if (*text == '\n')
            break;
        numbers[count] = (uint32_t)strtoul(text, &end, 10);
        if (end == text)
            break;
    }
    return count;
}

static bool read_ids(const char *text, const char *key, uint32_t ret_ids[3])
{
    const char *found = strstr(text, key);
    return found && read_numbers(found + strlen(key), ret_ids, 3) == 3;
}

static int read_told(const char *text, struct told *ret_told)
{
    static const char key[] = "\nGroups:\t";
    const char *groups = strstr(text, key);

    if (!groups || !read_ids(text, "\nUid:\t", ret_told->uid) ||
        !read_ids(text, "\nGid:\t", ret_told->gid) ||
        !procspawn__status_parse(text, &ret_told->status))
        return -EPROTO;
    groups += sizeof key - 1;
    size_t room = strcspn(groups, "\n") / 2 + 1;
    ret_told->groups = calloc(room, sizeof *ret_told->groups);
    if (!ret_told->groups)
        return -ENOMEM;
    ret_told->group_count = read_numbers(groups, ret_told->groups, room);
    return 0;
}

static int read_status(pid_t pid, pid_t thread, struct told *ret_told)
{
    char path[64];
    char *text;

    snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)thread);
    int rc = procspawn__status_text(path, &text);
    if (rc < 0)
        return rc;
    rc = read_told(text, ret_told);
    free(text);
    return rc;
}

static bool has_group(const struct told *told, gid_t gid)
{
    for (size_t i = 0; i < told->group_count; i++) {
        if (told->groups[i] == gid)
            return true;
    }
    return gid == told->gid[0];
}

static bool groups_admitted(const struct told *own, const struct told *theirs)
{
    for (size_t i = 0; i < own->group_count; i++) {
        if (!has_group(theirs, own->groups[i]))
            return false;
    }
    return true;
}

static bool rights_admitted(const struct procspawn__rights *own,
                            const struct procspawn__rights *theirs)
{
    const struct procspawn__capabilities *a = &own->capabilities, *b = &theirs->capabilities;

    return (a->permitted & ~b->permitted) == 0 && (a->inheritable & ~b->inheritable) == 0 &&
           (a->ambient & ~b->ambient) == 0 && (a->bounding & ~b->bounding) == 0 &&
           own->no_new_privs >= theirs->no_new_privs;
}

static bool has_ids_of(const struct procspawn__sender *sender)
{
    uid_t uid[3];
    gid_t gid[3];

    getresuid(&uid[0], &uid[1], &uid[2]);
    getresgid(&gid[0], &gid[1], &gid[2]);
    return all_are(uid, sender->uid) && all_are(gid, sender->gid);
}

/* If the file shows other ids, the process has executed a program as another user meanwhile. */
static bool admitted(const struct procspawn__sender *sender, const struct told *own,
                     const struct told *theirs)
{
    return all_are(theirs->uid, sender->uid) && all_are(theirs->gid, sender->gid) &&
           groups_admitted(own, theirs) &&
           rights_admitted(&own->status.rights, &theirs->status.rights);
}

int procspawn__sender_check(const struct procspawn__sender *sender)
{
    struct told own = { .groups = NULL }, theirs = { .groups = NULL };
    pid_t self = getpid();

    if (!has_ids_of(sender))
        return -EPERM;
    if (!base__proc_is_ours())
        return -ENOENT;
    int rc = read_status(self, self, &own);
    if (rc == 0)
        rc = read_status(sender->pid, witness(sender), &theirs);
    if (rc == 0 && !admitted(sender, &own, &theirs))
        rc = -EPERM;
    free(own.groups);
    free(theirs.groups);
    return rc;
}
