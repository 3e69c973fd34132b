/*
 * become.c - changes ids, groups, capabilities of a child from those at init to its caller's
 *
 * The child must not keep a right that the caller gave up, nor lose another one on the way. So the
 * permitted capabilities are kept when the ids change; steps that need a capability come before it
 * is given up; no_new_privs comes last. The caller reached its state from the same start by the
 * same rules; if the kernel refuses a step nevertheless, the child fails.
 *
 * The system calls are made directly, because the child has one thread. The functions of the C
 * library would also change a sanitizer's thread, and abort if that is refused.
 */
#include "src/child/become.h"

#include "src/child/step.h"
#include "src/rights/identity.h"
#include "src/rights/status.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static struct __user_cap_header_struct header(void)
{
    return (struct __user_cap_header_struct){ .version = _LINUX_CAPABILITY_VERSION_3 };
}

static int set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
    struct __user_cap_header_struct own = header();
    const struct __user_cap_data_struct data[2] = {
        { (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
        { (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32) },
    };

    return syscall(SYS_capset, &own, data) < 0 ? -errno : 0;
}

static int get_capabilities(struct procspawn__capabilities *ret_own)
{
    struct __user_cap_header_struct own = header();
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &own, data) < 0)
        return -errno;
    ret_own->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    ret_own->effective = data[0].effective | (uint64_t)data[1].effective << 32;
    ret_own->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return 0;
}

static int take_up(uint64_t inheritable)
{
    struct procspawn__capabilities own = { 0 };
    int rc = get_capabilities(&own);

    return rc < 0 ? rc : set_capabilities(own.permitted, own.permitted, inheritable);
}

int procspawn__become_able(void)
{
    return take_up(procspawn__identity_initial()->rights.capabilities.inheritable);
}

int procspawn__become_effective(uint64_t effective, uint64_t *ret_before)
{
    struct procspawn__capabilities own = { 0 };
    int rc = get_capabilities(&own);

    if (rc < 0)
        return rc;
    *ret_before = own.effective;
    return set_capabilities(own.permitted, effective, own.inheritable);
}

static int for_each(uint64_t capabilities, int (*step)(unsigned long capability))
{
    for (unsigned long i = 0; i < 64; i++) {
        if ((capabilities >> i & 1) && step(i) < 0)
            return -errno;
    }
    return 0;
}

static int drop_from_bounding_set(unsigned long capability)
{
    return prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

static int raise_ambient(unsigned long capability)
{
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
}

static int set_groups(const struct procspawn__identity *wanted)
{
    if (!wanted->regrouped)
        return 0;
    return syscall(SYS_setgroups, (size_t)wanted->group_count, wanted->groups) < 0 ? -errno : 0;
}

/* If securebits forbid PR_SET_KEEPCAPS the capabilities are lost, as they were in the caller. */
static int set_ids(const struct procspawn__identity *wanted)
{
    const gid_t *gid = wanted->gid;
    const uid_t *uid = wanted->uid;

    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (syscall(SYS_setresgid, gid[0], gid[1], gid[2]) < 0 ||
        syscall(SYS_setresuid, uid[0], uid[1], uid[2]) < 0)
        return -errno;
    return take_up(wanted->rights.capabilities.inheritable);
}

static bool same_ids(const struct procspawn__identity *a, const struct procspawn__identity *b)
{
    return memcmp(a->uid, b->uid, sizeof a->uid) == 0 && memcmp(a->gid, b->gid, sizeof a->gid) == 0;
}

static int set_ambient(uint64_t ambient)
{
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return -errno;
    return for_each(ambient, raise_ambient);
}

/* PR_SET_KEEPCAPS sets one bit without a capability; PR_SET_SECUREBITS requires CAP_SETPCAP. */
static int set_securebits(uint32_t wanted)
{
    prctl(PR_SET_KEEPCAPS, wanted >> SECURE_KEEP_CAPS & 1, 0, 0, 0);
    int now = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
    if ((now < 0 && wanted == 0) || (uint32_t)now == wanted)
        return 0;
    return prctl(PR_SET_SECUREBITS, wanted, 0, 0, 0) < 0 ? -errno : 0;
}

static int set_no_new_privs(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int procspawn__become_powerless(void)
{
    int rc = set_no_new_privs();
    return rc < 0 ? rc : set_capabilities(0, 0, 0);
}

int procspawn__become(const struct procspawn__identity *wanted, const char **ret_what)
{
    const struct procspawn__identity *init = procspawn__identity_initial();
    const struct procspawn__rights *rights = &wanted->rights;
    const struct procspawn__capabilities *has = &rights->capabilities;
    const struct procspawn__capabilities *had = &init->rights.capabilities;

    PROCSPAWN__STEP(true, take_up(has->inheritable), "could not set the inheritable capabilities");
    PROCSPAWN__STEP(true, for_each(had->bounding & ~has->bounding, drop_from_bounding_set),
                    "could not drop capabilities for good");
    PROCSPAWN__STEP(true, set_groups(wanted), "could not set the groups");
    PROCSPAWN__STEP(!same_ids(wanted, init), set_ids(wanted),
                    "could not set the user and group ids");
    PROCSPAWN__STEP(has->ambient || had->ambient, set_ambient(has->ambient),
                    "could not set the ambient capabilities");
    PROCSPAWN__STEP(true, set_securebits(rights->securebits), "could not set the securebits");
    PROCSPAWN__STEP(true, set_capabilities(has->permitted, has->effective, has->inheritable),
                    "could not set the capabilities");
    PROCSPAWN__STEP(rights->no_new_privs, set_no_new_privs(), "could not give up new privileges");
    return 0;
}
