/*
 * numbers.c - a table of numbers: how each is read and set
 *
 * What this kernel does not know reads as an error, which is compared as any other number.
 */
#include "src/fresh/numbers.h"

#include "src/fresh/raw.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

/* Of newer kernels than the headers may be. */
enum { GET_MDWE = 66, SET_MERGE = 67, GET_MERGE = 68, SET_IO_FLUSHER = 57, GET_IO_FLUSHER = 58 };
enum { GS_OF_X86 = 0x1004 };
enum { IOPRIO_OF_PROCESS = 1, ENTER_REGISTERED_RING = 1 << 4 };

enum way {
    RETURNED,                   /* prctl(get) returns it */
    STORED,                     /* prctl(get, &number) stores it */
    MACHINE_CHECK,
    PERSONALITY,
    IO_PRIORITY,
    MEMORY_POLICY,
    KEYRING,
    KEYRING_OF_REQUESTS,
    RINGS,                      /* an error that tells whether io_uring(7) was ever used */
    SEGMENT
};

static const struct {
    const char *name;
    enum way way;
    int get, set;               /* set 0: it cannot be set */
} numbers[] = {
    { "dumpable", RETURNED, PR_GET_DUMPABLE, PR_SET_DUMPABLE },
    { "the death signal", STORED, PR_GET_PDEATHSIG, PR_SET_PDEATHSIG },
    { "subreaper", STORED, PR_GET_CHILD_SUBREAPER, 0 },   /* orphans may have gone elsewhere */
    { "timer slack", RETURNED, PR_GET_TIMERSLACK, PR_SET_TIMERSLACK },
    { "securebits", RETURNED, PR_GET_SECUREBITS, PR_SET_SECUREBITS },
    { "huge pages", RETURNED, PR_GET_THP_DISABLE, PR_SET_THP_DISABLE },
    { "merging of pages", RETURNED, GET_MERGE, SET_MERGE },
    { "a protection against new code", RETURNED, GET_MDWE, 0 },
    { "the flusher's mark", RETURNED, GET_IO_FLUSHER, SET_IO_FLUSHER },
#if defined(__x86_64__)
    { "the time stamp counter", STORED, PR_GET_TSC, PR_SET_TSC },
    { "a segment register", SEGMENT, GS_OF_X86, 0 },
#endif
    { "machine checks", MACHINE_CHECK, PR_MCE_KILL_GET, 0 },
    { "personality", PERSONALITY, 0, 0 },
    { "I/O priority", IO_PRIORITY, 0, 0 },
    { "memory policy", MEMORY_POLICY, 0, 0 },
    { "session keyring", KEYRING, KEY_SPEC_SESSION_KEYRING, 0 },
    { "process keyring", KEYRING, KEY_SPEC_PROCESS_KEYRING, 0 },
    { "thread keyring", KEYRING, KEY_SPEC_THREAD_KEYRING, 0 },
    { "keyring of requested keys", KEYRING_OF_REQUESTS, 0, 0 },
    { "rings of io_uring", RINGS, 0, 0 },
};

enum { COUNT = sizeof numbers / sizeof numbers[0] };
_Static_assert((int)COUNT <= (int)FRESH__NUMBERS, "the area has room for all numbers");

static long get(const struct fresh__saved *saved, unsigned i)
{
    long stored = 0;
    int small = 0;
    long rc;

    switch (numbers[i].way) {
    case RETURNED:
    case MACHINE_CHECK:
        return fresh__call(SYS_prctl, numbers[i].get);
    case STORED:
        rc = fresh__call(SYS_prctl, numbers[i].get, &small);
        return rc < 0 ? rc : small;
    case PERSONALITY:
        return fresh__call(SYS_personality, 0xffffffff);
    case IO_PRIORITY:
        return fresh__call(SYS_ioprio_get, IOPRIO_OF_PROCESS, 0);
    case MEMORY_POLICY:
        rc = fresh__call(SYS_get_mempolicy, &small);
        return rc < 0 ? rc : small;
    case KEYRING:
        return fresh__call(SYS_keyctl, KEYCTL_GET_KEYRING_ID, numbers[i].get, 0);
    case KEYRING_OF_REQUESTS:
        return fresh__call(SYS_keyctl, KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_NO_CHANGE);
    case RINGS:
        return fresh__call(SYS_io_uring_enter, 0, 0, 0, ENTER_REGISTERED_RING, NULL, 0);
    case SEGMENT:
#if defined(__x86_64__)
        if (saved->reads_segments) {
            __asm__ volatile("rdgsbase %0" : "=r"(stored));
            return stored;
        }
        rc = fresh__call(SYS_arch_prctl, numbers[i].get, &stored);
        return rc < 0 ? rc : stored;
#else
        (void)saved;
        break;
#endif
    }
    return stored;
}

static void set(unsigned i, long number)
{
    switch (numbers[i].way) {
    case RETURNED:
    case STORED:
        if (numbers[i].set)
            fresh__call(SYS_prctl, numbers[i].set, number);
        break;
    case MACHINE_CHECK:
        fresh__call(SYS_prctl, PR_MCE_KILL, PR_MCE_KILL_SET, number);
        break;
    case PERSONALITY:
        fresh__call(SYS_personality, number);
        break;
    case IO_PRIORITY:
        fresh__call(SYS_ioprio_set, IOPRIO_OF_PROCESS, 0, number);
        break;
    case MEMORY_POLICY:
        if (number == MPOL_DEFAULT)
            fresh__call(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
        break;
    case KEYRING_OF_REQUESTS:
        fresh__call(SYS_keyctl, KEYCTL_SET_REQKEY_KEYRING, number);
        break;
    case KEYRING:
    case RINGS:
    case SEGMENT:
        break;
    }
}

/* What the kernel does not know, or knows only of those that have a right that is not there. */
static bool is_fixed(const struct fresh__saved *saved, unsigned i)
{
    const long number = saved->number[i];

    return numbers[i].way == RETURNED &&
           (number == -EINVAL ||
            (number == -EPERM && numbers[i].get == GET_IO_FLUSHER &&
             !(saved->permitted >> CAP_SYS_RESOURCE & 1)));
}

void fresh__numbers_save(struct fresh__saved *saved)
{
    for (unsigned i = 0; i < COUNT; i++) {
        saved->number[i] = get(saved, i);
        saved->fixed_number[i] = is_fixed(saved, i);
    }
}

bool fresh__numbers_put_back(const struct fresh__saved *saved, const char **ret_name)
{
    for (unsigned i = 0; i < COUNT; i++) {
        if (saved->fixed_number[i] || get(saved, i) == saved->number[i])
            continue;
        set(i, saved->number[i]);
        if (get(saved, i) != saved->number[i]) {
            *ret_name = numbers[i].name;
            return false;
        }
    }
    return true;
}
