#include "src/proc/sender.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int read_capabilities(uint64_t *ret_permitted)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    *ret_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    return 0;
}

bool procspawn__sender_privileged(void)
{
    uid_t real, effective, saved;
    uint64_t permitted = 0;

    getresuid(&real, &effective, &saved);
    return real == 0 || effective == 0 || saved == 0 ||
           (read_capabilities(&permitted) == 0 && permitted != 0);
}

/* ---- /proc/PID/status ---- */

static size_t read_numbers(const char *text, uint32_t *numbers, size_t room)
{
    size_t count = 0;
    char *end;

    for (; count < room; count++, text = end) {
        unsigned long number = strtoul(text, &end, 10);
        if (end == text)
            break;
        numbers[count] = (uint32_t)number;
    }
    return count;
}

static int read_groups(const char *text, struct procspawn__sender *sender)
{
    size_t room = strlen(text) / 2 + 1;

    free(sender->groups);
    sender->groups = malloc(room * sizeof *sender->groups);
    if (!sender->groups)
        return -ENOMEM;
    sender->group_count = read_numbers(text, sender->groups, room);
    return 0;
}

static const char *value_of(const char *line, const char *key)
{
    size_t length = strlen(key);
    return strncmp(line, key, length) == 0 ? line + length : NULL;
}

/* Returns 1 for a line that is needed, 0 for another one. */
static int read_line(const char *line, struct procspawn__sender *sender)
{
    const char *value;
    int rc;

    if ((value = value_of(line, "Uid:")))
        return read_numbers(value, sender->uid, 3) == 3;
    if ((value = value_of(line, "Gid:")))
        return read_numbers(value, sender->gid, 3) == 3;
    if ((value = value_of(line, "CapPrm:"))) {
        sender->capabilities = strtoull(value, NULL, 16);
        return 1;
    }
    if ((value = value_of(line, "Groups:"))) {
        rc = read_groups(value, sender);
        return rc < 0 ? rc : 1;
    }
    return 0;
}

static FILE *open_proc(const struct procspawn__sender *sender, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", (int)sender->pid, name);
    return fopen(path, "re");
}

static int read_status(struct procspawn__sender *sender)
{
    enum { NEEDED = 4 };
    char *line = NULL;
    size_t room = 0;
    int rc = 0, found = 0;
    FILE *status = open_proc(sender, "status");

    if (!status)
        return -errno;
    while (rc >= 0 && getline(&line, &room, status) > 0) {
        rc = read_line(line, sender);
        found += rc > 0;
    }
    free(line);
    fclose(status);
    if (rc < 0)
        return rc;
    return found == NEEDED ? 0 : -EPERM;
}

/*
 * A line for each resource in the order of their numbers, after a heading: a name of 25 bytes, the
 * soft and the hard limit. prlimit(2) says the same, but not to everybody.
 */
static int read_limits(struct procspawn__sender *sender)
{
    enum { NAME = 25 };
    char line[256], hard[32];
    FILE *limits = open_proc(sender, "limits");
    int found = 0;

    if (!limits)
        return -errno;
    if (!fgets(line, sizeof line, limits))
        line[0] = '\0';
    while (found < PROCSPAWN__RESOURCES && fgets(line, sizeof line, limits) &&
           strlen(line) > NAME && sscanf(line + NAME, "%*s %31s", hard) == 1)
        sender->hard[found++] = strcmp(hard, "unlimited") == 0 ? RLIM_INFINITY
                                                               : strtoull(hard, NULL, 10);
    fclose(limits);
    return found == PROCSPAWN__RESOURCES ? 0 : -EPERM;
}

/* ---- the sender ---- */

int procspawn__sender_identify(const struct wire_frame *frame, const struct forkserver_child *self,
                               struct procspawn__sender *ret_sender)
{
    bool is_root = frame->sender_uid == 0;

    *ret_sender = (struct procspawn__sender){
        .pid = frame->sender,
        .limited = self->nested || (procspawn__image.privileged && !is_root),
        .checked = procspawn__image.privileged && !is_root,
    };
    if (frame->sender != self->asker)
        return -EPERM;
    int rc = ret_sender->limited ? read_limits(ret_sender) : 0;
    if (rc == 0 && ret_sender->checked)
        rc = read_status(ret_sender);
    if (rc < 0)
        procspawn__sender_fini(ret_sender);
    return rc;
}

void procspawn__sender_fini(struct procspawn__sender *sender)
{
    free(sender->groups);
}

int procspawn__sender_bind_limits(const struct procspawn__sender *sender)
{
    struct rlimit own;

    for (int i = 0; sender->limited && i < PROCSPAWN__RESOURCES; i++) {
        getrlimit((__rlimit_resource_t)i, &own);
        if (own.rlim_max <= sender->hard[i])
            continue;
        own.rlim_max = sender->hard[i];
        if (own.rlim_cur > own.rlim_max)
            own.rlim_cur = own.rlim_max;
        if (setrlimit((__rlimit_resource_t)i, &own) < 0)
            return -errno;
    }
    return 0;
}

static bool can(const struct procspawn__sender *sender, int capability)
{
    return sender->capabilities >> capability & 1;
}

static bool among(uint32_t id, const uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

static bool uids_admitted(const struct procspawn__sender *sender)
{
    uid_t own[3];

    getresuid(&own[0], &own[1], &own[2]);
    return among(own[0], sender->uid, 3) && among(own[1], sender->uid, 3) &&
           among(own[2], sender->uid, 3);
}

static bool gid_admitted(const struct procspawn__sender *sender, gid_t gid)
{
    return among(gid, sender->gid, 3) || among(gid, sender->groups, sender->group_count);
}

static bool gids_admitted(const struct procspawn__sender *sender)
{
    gid_t own[3];
    bool admitted;

    getresgid(&own[0], &own[1], &own[2]);
    admitted = among(own[0], sender->gid, 3) && among(own[1], sender->gid, 3) &&
               among(own[2], sender->gid, 3);
    int count = getgroups(0, NULL);
    gid_t *groups = malloc(((size_t)count + 1) * sizeof *groups);
    count = groups ? getgroups(count, groups) : -1;
    for (int i = 0; i < count && admitted; i++)
        admitted = gid_admitted(sender, groups[i]);
    free(groups);
    return admitted && count >= 0;
}

int procspawn__sender_check(const struct procspawn__sender *sender)
{
    uint64_t own = ~UINT64_C(0);

    if (!sender->checked)
        return 0;
    if (!can(sender, CAP_SETUID) && !uids_admitted(sender))
        return -EPERM;
    if (!can(sender, CAP_SETGID) && !gids_admitted(sender))
        return -EPERM;
    return read_capabilities(&own) == 0 && (own & ~sender->capabilities) == 0 ? 0 : -EPERM;
}
