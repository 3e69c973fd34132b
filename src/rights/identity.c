/*
 * identity.c - ids, groups, capabilities: read in the caller, compared with those at init, written
 * into a call, and read from it in the child
 */
#include "src/rights/identity.h"

#include "src/base/thread.h"
#include "src/image/image.h"
#include "src/rights/status.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static struct procspawn__identity initial;

/* ---- the calling thread ---- */

static int read_groups(struct procspawn__identity *identity)
{
    int count = getgroups(0, NULL);
    gid_t *groups = calloc((size_t)(count > 0 ? count : 0) + 1, sizeof *groups);

    if (!groups)
        return -ENOMEM;
    count = getgroups(count, groups);
    if (count < 0) {
        free(groups);
        return -errno;
    }
    free(identity->groups);
    identity->groups = groups;
    identity->group_count = (uint32_t)count;
    return 0;
}

static void read_ids(struct procspawn__identity *identity)
{
    getresuid(&identity->uid[0], &identity->uid[1], &identity->uid[2]);
    getresgid(&identity->gid[0], &identity->gid[1], &identity->gid[2]);
}

int procspawn__identity_record(const struct procspawn__status *status)
{
    initial.rights = status->rights;
    read_ids(&initial);
    return read_groups(&initial);
}

const struct procspawn__identity *procspawn__identity_initial(void)
{
    return &initial;
}

/* ---- what differs ---- */

/*
 * Are real, effective and saved ids not all the same? A nested child reads the resource limits of
 * its caller with the caller's user and group id. The kernel refuses that if the caller has
 * several; such a process may not have nested children.
 */
static bool is_several(const struct procspawn__identity *identity)
{
    return identity->uid[0] != identity->uid[1] || identity->uid[0] != identity->uid[2] ||
           identity->gid[0] != identity->gid[1] || identity->gid[0] != identity->gid[2];
}

static bool describe_ids(struct wire_call *call)
{
    struct procspawn__identity now;

    read_ids(&now);
    if (is_several(&now))
        call->flags |= WIRE_CALL_CHILDLESS;
    memcpy(call->uid, now.uid, sizeof now.uid);
    memcpy(call->gid, now.gid, sizeof now.gid);
    bool uids_differ = memcmp(now.uid, initial.uid, sizeof now.uid) != 0;
    if (uids_differ || memcmp(now.gid, initial.gid, sizeof now.gid) != 0)
        call->flags |= WIRE_CALL_IDS;
    return uids_differ;
}

/* Names the calling thread if it is not the main one: its ids may differ from the main thread's. */
static void describe_thread(struct wire_call *call, struct wire_writer *block)
{
    if (!(call->flags & WIRE_CALL_IDS) || base__is_main_thread())
        return;
    call->flags |= WIRE_CALL_THREAD;
    wire__put_u32(block, (uint32_t)gettid());
}

static void put_groups(struct wire_call *call, struct wire_writer *block, const gid_t *groups,
                       uint32_t count)
{
    if (count == initial.group_count &&
        (count == 0 || memcmp(groups, initial.groups, count * sizeof *groups) == 0))
        return;
    call->flags |= WIRE_CALL_GROUPS;
    wire__put_u32(block, count);
    for (uint32_t i = 0; i < count; i++)
        wire__put_u32(block, groups[i]);
}

static int describe_groups(struct wire_call *call, struct wire_writer *block)
{
    enum { FEW = 64 };
    gid_t few[FEW];
    struct procspawn__identity many = { .groups = NULL };
    int count = getgroups(FEW, few);

    if (count >= 0) {
        put_groups(call, block, few, (uint32_t)count);
        return 0;
    }
    int rc = read_groups(&many);
    if (rc == 0)
        put_groups(call, block, many.groups, many.group_count);
    free(many.groups);
    return rc;
}

/*
 * Does the thread lack rights that processes forked at init have? Then a nested child could have
 * more rights than it. A thread that lost its capabilities by changing its user id does not count:
 * that id identifies it (caller_rights.h).
 */
static bool is_less(const struct procspawn__rights *rights, bool uids_differ)
{
    const struct procspawn__rights *at_init = &initial.rights;
    bool by_id = uids_differ && rights->capabilities.permitted == 0;

    return rights->no_new_privs != at_init->no_new_privs ||
           rights->securebits != at_init->securebits ||
           rights->capabilities.bounding != at_init->capabilities.bounding ||
           (rights->capabilities.permitted != at_init->capabilities.permitted && !by_id);
}

/* A child does not describe its rights: its nested children do not get them. */
static void describe_rights(struct wire_call *call, struct wire_writer *block,
                            const struct procspawn__rights *rights, bool uids_differ)
{
    if (procspawn__image.is_child || memcmp(rights, &initial.rights, sizeof *rights) == 0)
        return;
    call->flags |= WIRE_CALL_RIGHTS;
    wire__put_u64(block, rights->capabilities.inheritable);
    wire__put_u64(block, rights->capabilities.permitted);
    wire__put_u64(block, rights->capabilities.effective);
    wire__put_u64(block, rights->capabilities.bounding);
    wire__put_u64(block, rights->capabilities.ambient);
    wire__put_u32(block, rights->securebits);
    wire__put_u32(block, rights->no_new_privs);
    if (is_less(rights, uids_differ))
        call->flags |= WIRE_CALL_CHILDLESS;
}

int procspawn__identity_describe(struct wire_call *call, struct wire_writer *block,
                                 const struct procspawn__status *status)
{
    bool uids_differ = describe_ids(call);
    describe_thread(call, block);
    int rc = describe_groups(call, block);

    if (rc == 0)
        describe_rights(call, block, &status->rights, uids_differ);
    return rc;
}

/* ---- in the child ---- */

static int get_groups(struct wire_reader *block, struct procspawn__identity *identity)
{
    uint32_t count = wire__get_u32(block);

    if (block->broken || count > WIRE_GROUPS_MAX)
        return -EPROTO;
    identity->groups = calloc(count + 1, sizeof *identity->groups);
    if (!identity->groups)
        return -ENOMEM;
    identity->regrouped = true;
    identity->group_count = count;
    for (uint32_t i = 0; i < count; i++)
        identity->groups[i] = wire__get_u32(block);
    return 0;
}

static void get_rights(struct wire_reader *block, struct procspawn__rights *rights)
{
    rights->capabilities.inheritable = wire__get_u64(block);
    rights->capabilities.permitted = wire__get_u64(block);
    rights->capabilities.effective = wire__get_u64(block);
    rights->capabilities.bounding = wire__get_u64(block);
    rights->capabilities.ambient = wire__get_u64(block);
    rights->securebits = wire__get_u32(block);
    rights->no_new_privs = wire__get_u32(block);
}

int procspawn__identity_read(const struct wire_call *call, struct wire_reader *block,
                             struct procspawn__identity *ret_identity)
{
    int rc = 0;

    *ret_identity = initial;
    if (call->flags & WIRE_CALL_IDS) {
        memcpy(ret_identity->uid, call->uid, sizeof call->uid);
        memcpy(ret_identity->gid, call->gid, sizeof call->gid);
    }
    if (call->flags & WIRE_CALL_THREAD)
        ret_identity->thread = (pid_t)wire__get_u32(block);
    if (call->flags & WIRE_CALL_GROUPS)
        rc = get_groups(block, ret_identity);
    if (call->flags & WIRE_CALL_RIGHTS)
        get_rights(block, &ret_identity->rights);
    if (rc == 0 && block->broken)
        rc = -EPROTO;
    if (rc < 0)
        procspawn__identity_fini(ret_identity);
    return rc;
}

void procspawn__identity_fini(struct procspawn__identity *identity)
{
    if (identity->groups != initial.groups)
        free(identity->groups);
}
