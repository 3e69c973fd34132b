/*
 * escapes_to_kernel.c - attempts to change the system, the own rights, or the sandbox
 */
#include "tests/sandbox/escapes.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

static long called(long number)
{
    return syscall(number, 0UL, 0UL, 0UL, 0UL, 0UL, 0UL);
}

/* ---- the system; where root could do harm, with arguments that are refused ---- */

ATTEMPT(makes_a_ring, syscall(SYS_io_uring_setup, 4, (char[128]){ "" }))
ATTEMPT(enters_a_ring, called(SYS_io_uring_enter))
ATTEMPT(registers_a_ring, called(SYS_io_uring_register))
ATTEMPT(makes_an_old_ring, syscall(SYS_io_setup, 1U, &(unsigned long){ 0 }))
ATTEMPT(uses_keys, syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0))
ATTEMPT(adds_a_key, syscall(SYS_add_key, "user", "escape", "x", 1UL, KEY_SPEC_PROCESS_KEYRING))
ATTEMPT(asks_for_a_key, syscall(SYS_request_key, "user", "escape", NULL, 0))
ATTEMPT(loads_a_program, syscall(SYS_bpf, 0, (char[128]){ "" }, 128U))
ATTEMPT(counts_events, syscall(SYS_perf_event_open, (char[128]){ "" }, 0, -1, -1, 0UL))
ATTEMPT(loads_a_kernel, called(SYS_kexec_load))
ATTEMPT(loads_a_module, syscall(SYS_init_module, NULL, 0UL, ""))
ATTEMPT(loads_a_module_of_a_file, syscall(SYS_finit_module, -1, "", 0))
ATTEMPT(removes_a_module, syscall(SYS_delete_module, "no_such_module", 0x800))
ATTEMPT(reboots, syscall(SYS_reboot, 0, 0, 0, NULL))
ATTEMPT(reads_the_log, klogctl(10, NULL, 0))
ATTEMPT(sets_the_time, called(SYS_settimeofday))
ATTEMPT(sets_a_clock, syscall(SYS_clock_settime, CLOCK_MONOTONIC, &(struct timespec){ 0 }))
ATTEMPT(turns_the_clock, adjtimex(&(struct timex){ .modes = 0 }))
ATTEMPT(names_the_host, syscall(SYS_sethostname, "", -1))
ATTEMPT(hangs_up, called(SYS_vhangup))
ATTEMPT(reads_a_cookie, called(SYS_lookup_dcookie))
ATTEMPT(synchronises, called(SYS_sync))
ATTEMPT(sees_file_systems, syscall(139, 3, 0, 0))
#ifdef __x86_64__
ATTEMPT(reaches_ports, syscall(SYS_iopl, 0))
ATTEMPT(reaches_some_ports, syscall(SYS_ioperm, 0UL, 1UL, 0))
ATTEMPT(changes_segments, syscall(SYS_modify_ldt, 0, NULL, 0UL))
ATTEMPT(changes_the_processor, syscall(SYS_arch_prctl, 0x1003, &(unsigned long){ 0 }))
#endif

/* ---- rights ---- */

ATTEMPT(enters_user_namespace, unshare(CLONE_NEWUSER))
ATTEMPT(leaves_the_descriptors, unshare(CLONE_FILES))
ATTEMPT(leaves_with_a_high_half, syscall(SYS_unshare, (1UL << 32) | CLONE_THREAD))
ATTEMPT(enters_namespaces, setns(w->descriptors[HAND_FILE], 0))
ATTEMPT(sets_its_user, setuid(getuid()))
ATTEMPT(sets_its_group, setgid(getgid()))
ATTEMPT(sets_all_users, setresuid(getuid(), getuid(), getuid()))
ATTEMPT(sets_groups, syscall(SYS_setgroups, 0UL, NULL))
ATTEMPT(sets_the_user_of_files, syscall(SYS_setfsuid, getuid()))
ATTEMPT(sets_capabilities, syscall(SYS_capset, (unsigned[2]){ 0x20080522, 0 }, NULL))
ATTEMPT(keeps_capabilities, prctl(PR_SET_KEEPCAPS, 0UL, 0UL, 0UL, 0UL))
ATTEMPT(raises_capabilities, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0UL, 0UL, 0UL))
ATTEMPT(drops_capabilities, prctl(PR_CAPBSET_DROP, 99UL, 0UL, 0UL, 0UL))
ATTEMPT(sets_secure_bits, prctl(PR_SET_SECUREBITS, (unsigned long)prctl(PR_CAPBSET_READ, 99UL), 0UL,
                                0UL, 0UL))
ATTEMPT(hides_its_memory, prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL))
ATTEMPT(hides_its_memory_with_a_high_half,
        syscall(SYS_prctl, (1UL << 32) | PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL))
ATTEMPT(dispatches_calls, prctl(59, 0UL, 0UL, 0UL, 0UL))
ATTEMPT(opens_speculation, prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_ENABLE, 0UL,
                                 0UL))
ATTEMPT(stops_counting, prctl(PR_TASK_PERF_EVENTS_DISABLE, 0UL, 0UL, 0UL, 0UL))
ATTEMPT(flushes, prctl(57, 0UL, 0UL, 0UL, 0UL))
ATTEMPT(allows_privileges, prctl(PR_SET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL))
ATTEMPT(sets_its_time_stamps, prctl(PR_SET_TSC, PR_TSC_ENABLE, 0UL, 0UL, 0UL))

/* ---- the sandbox ---- */

static struct sock_filter allow_all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
static struct sock_fprog allowing = { 1, allow_all };

ATTEMPT(filters_anew, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &allowing))
ATTEMPT(filters_as_before, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &allowing, 0UL, 0UL))
ATTEMPT(listens_to_the_filter, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 8, &allowing))
ATTEMPT(filters_with_a_high_half, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER | (1UL << 32),
                                          1UL << 32, &allowing))
ATTEMPT(is_strict, syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL))
ATTEMPT(asks_for_actions, syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0,
                                  &(uint32_t){ SECCOMP_RET_ALLOW }))
ATTEMPT(asks_for_rules, syscall(SYS_landlock_create_ruleset, NULL, 0UL, 1))
ATTEMPT(restricts_itself, syscall(SYS_landlock_restrict_self, -1, 0))
ATTEMPT(adds_a_rule, syscall(SYS_landlock_add_rule, -1, 1, NULL, 0))
ATTEMPT(traces_its_filter, ((void)w, syscall(SYS_ptrace, 0x420cUL, getpid(), 0UL, NULL)))

static const struct escape escapes[] = {
    { "iouring", makes_a_ring, 0, DENIED(ANY), "io_uring_setup", 0 },
    { "io_uring_enter", enters_a_ring, 0, DENIED(ANY), "io_uring_enter", 0 },
    { "io_uring_register", registers_a_ring, 0, DENIED(ANY), "io_uring_register", 0 },
    { "io_setup", makes_an_old_ring, 0, DENIED(DID), "io_setup", 0 },
    { "keyctl", uses_keys, 0, DENIED(ANY), "keyctl", 0 },
    { "add_key", adds_a_key, 0, DENIED(ANY), "add_key", 0 },
    { "request_key", asks_for_a_key, 0, DENIED(ANY), "request_key", 0 },
    { "bpf", loads_a_program, 0, DENIED(ANY), "bpf", 0 },
    { "perf", counts_events, 0, DENIED(ANY), "perf_event_open", 0 },
    { "kexec", loads_a_kernel, 0, DENIED(SKIP), "kexec_load", 0 },
    { "modules", loads_a_module, 0, DENIED(ANY), "init_module", 0 },
    { "module of a file", loads_a_module_of_a_file, 0, DENIED(ANY), "finit_module", 0 },
    { "remove a module", removes_a_module, 0, DENIED(ANY), "delete_module", 0 },
    { "reboot", reboots, 0, DENIED(ANY), "reboot", 0 },
    { "syslog", reads_the_log, 0, DENIED(ANY), "syslog", 0 },
    { "settime", sets_the_time, 0, DENIED(IF_ROOT), "settimeofday", 0 },
    { "clock_settime", sets_a_clock, 0, DENIED(ANY), "clock_settime", 0 },
    { "adjtimex", turns_the_clock, 0, DENIED(DID), NULL, 0 },
    { "sethostname", names_the_host, 0, DENIED(ANY), "sethostname", 0 },
    { "vhangup", hangs_up, 0, DENIED(SKIP), "vhangup", 0 },
    { "lookup_dcookie", reads_a_cookie, 0, DENIED(ANY), "lookup_dcookie", 0 },
    { "sync", synchronises, 0, DENIED(SKIP), "sync", 0 },
#ifdef __x86_64__
    { "sysfs", sees_file_systems, 0, DENIED(ANY), "sysfs", 0 },
    { "iopl", reaches_ports, 0, DENIED(ANY), "iopl", 0 },
    { "ioperm", reaches_some_ports, 0, DENIED(ANY), "ioperm", 0 },
    { "modify_ldt", changes_segments, 0, DENIED(ANY), "modify_ldt", 0 },
    { "arch_prctl", changes_the_processor, 0, DENIED(DID), "arch_prctl", 0 },
#endif
    { "unshare", enters_user_namespace, 0, DENIED(ANY), "unshare", 0 },
    { "unshare descriptors", leaves_the_descriptors, 0, DENIED(DID), "unshare", 0 },
    { "unshare with a high half", leaves_with_a_high_half, 0, DENIED(ANY), "unshare", 0 },
    { "setns", enters_namespaces, 0, DENIED(ANY), "setns", 0 },
    { "setuid", sets_its_user, 0, DENIED(DID), "setuid", 0 },
    { "setgid", sets_its_group, 0, DENIED(DID), "setgid", 0 },
    { "setresuid", sets_all_users, 0, DENIED(DID), "setresuid", 0 },
    { "setgroups", sets_groups, 0, DENIED(ANY), "setgroups", 0 },
    { "setfsuid", sets_the_user_of_files, 0, DENIED(ANY), "setfsuid", 0 },
    { "capset", sets_capabilities, 0, DENIED(ANY), "capset", 0 },
    { "PR_SET_KEEPCAPS", keeps_capabilities, 0, DENIED(ANY), "prctl", 0 },
    { "PR_CAP_AMBIENT", raises_capabilities, 0, DENIED(ANY), "prctl", 0 },
    { "PR_CAPBSET_DROP", drops_capabilities, 0, DENIED(ANY), "prctl", 0 },
    { "PR_SET_SECUREBITS", sets_secure_bits, 0, DENIED(ANY), "prctl", 0 },
    { "dumpable", hides_its_memory, 0, ALL(DID, EINVAL), NULL, 0 },
    { "dumpable with a high half", hides_its_memory_with_a_high_half, 0, ALL(DID, EINVAL), NULL,
      0 },
    { "PR_SET_SYSCALL_USER_DISPATCH", dispatches_calls, 0, DENIED(ANY), "prctl", 0 },
    { "PR_SET_SPECULATION_CTRL", opens_speculation, 0, DENIED(ANY), "prctl", 0 },
    { "PR_TASK_PERF_EVENTS_DISABLE", stops_counting, 0, DENIED(DID), "prctl", 0 },
    { "PR_SET_IO_FLUSHER", flushes, 0, DENIED(ANY), "prctl", 0 },
    { "PR_SET_NO_NEW_PRIVS of 0", allows_privileges, 0, ALL(EINVAL, EINVAL), NULL, 0 },
    { "PR_SET_TSC", sets_its_time_stamps, 0, DENIED(ANY), "prctl", 0 },
    { "seccomp2", filters_anew, 0, DENIED(ANY), "seccomp", 0 },
    { "PR_SET_SECCOMP", filters_as_before, 0, DENIED(ANY), "prctl", 0 },
    { "seccomp with a listener", listens_to_the_filter, 0, DENIED(ANY), "seccomp", 0 },
    { "seccomp with a high half", filters_with_a_high_half, 0, DENIED(ANY), "seccomp", 0 },
    { "strict seccomp", is_strict, 0, DENIED(ANY), "seccomp", 0 },
    { "actions of seccomp", asks_for_actions, 0, DENIED(DID), "seccomp", 0 },
    { "landlock2", asks_for_rules, 0, DENIED(ANY), "landlock_create_ruleset", 0 },
    { "landlock_restrict_self", restricts_itself, 0, DENIED(ANY), "landlock_restrict_self", 0 },
    { "landlock_add_rule", adds_a_rule, 0, DENIED(ANY), "landlock_add_rule", 0 },
    { "PTRACE_SECCOMP_GET_FILTER", traces_its_filter, 0, DENIED(ANY), "ptrace", 0 },
};

ESCAPE_TABLE(escapes_to_kernel, escapes);
