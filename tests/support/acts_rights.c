/*
 * acts_rights.c - acts that start processes, and that change directory, limits, ids and rights
 */
#include "tests/support/acts.h"

#include <fcntl.h>
#include <forkscope/procspawn.h>
#include <forkscope/sandbox.h>
#include <forkscope/scope.h>
#include <forkscope/tree.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- threads and processes ---- */

static void *wait_for_ever(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void *end_at_once(void *unused) { return unused; }

static void leave_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_ever, NULL);
}

static void join_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, end_at_once, NULL) == 0)
        pthread_join(thread, NULL);
}

static void leave_child(void)
{
    if (fork() == 0)
        wait_for_ever(NULL);
}

static void leave_zombie(void)
{
    siginfo_t info;
    pid_t child = fork();

    if (child == 0)
        _exit(3);
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
}

static void leave_orphan(void)
{
    pid_t child = fork();

    if (child == 0) {
        if (fork() == 0)
            wait_for_ever(NULL);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static int spin(void *unused)
{
    wait_for_ever(unused);
    return 0;
}

static void leave_sharer(void)
{
    static char stack[65536] __attribute__((aligned(64)));
    clone(spin, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
}

static long see_children(void)
{
    siginfo_t info = { .si_pid = 0 };
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0;
}

static json_t *nothing(json_t *argument) { return json_incref(argument); }

static void call_nested(void)
{
    procspawn_handle *handle;

    if (procspawn(nothing, NULL, &handle) == 0) {
        procspawn_join(handle, NULL, NULL);
        procspawn_handle_free(handle);
    }
}

static void leave_server(void) { procspawn_leave_server(); }

/* A call that is refused costs nothing. */
static long see_server(void)
{
    procspawn_handle *handle;
    return procspawn(NULL, NULL, &handle);
}
static void spawn_root(void) { scoped_spawner root; procspawn_scope_root(&root); }
static long see_threads(void) { return acts_status("\nThreads:"); }

/* ---- directory, files, limits ---- */

static void change_directory(void) { (void)!chdir("/proc"); }
static void change_root(void) { (void)!chroot("/proc/self"); }

static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { 0, 0, 0 } };
    syscall(SYS_capset, &header, data);
}

static long see_inode(const char *path)
{
    struct stat status;
    return stat(path, &status) < 0 ? -1 : (long)status.st_ino + (long)status.st_dev * 7;
}

static long see_directory(void) { return see_inode("."); }
static long see_root(void) { return see_inode("/"); }
static void enter_network(void) { unshare(CLONE_NEWNET); }
static void enter_names(void) { unshare(CLONE_NEWUTS); }
static void enter_mounts(void) { unshare(CLONE_NEWNS); }
static void enter_users(void) { unshare(CLONE_NEWUSER); }

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!write(fd, text, strlen(text));
        close(fd);
    }
}

/* So that neither ids nor capabilities tell. */
static void enter_users_quietly(void)
{
    char uids[64], gids[64];

    snprintf(uids, sizeof uids, "%d %d 1", (int)geteuid(), (int)geteuid());
    snprintf(gids, sizeof gids, "%d %d 1", (int)getegid(), (int)getegid());
    bool had_rights = geteuid() == 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return;
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", uids);
    write_file("/proc/self/gid_map", gids);
    if (!had_rights)
        drop_capabilities();
}

static long see_network(void) { return see_inode("/proc/self/ns/net"); }
static long see_names(void) { return see_inode("/proc/self/ns/uts"); }
static long see_mounts(void) { return see_inode("/proc/self/ns/mnt"); }
static long see_users(void) { return see_inode("/proc/self/ns/user"); }
static void change_mode(void) { umask(0777); }
static long see_mode(void) { mode_t mode = umask(0); umask(mode); return mode; }

static void lower(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit;

    getrlimit(resource, &limit);
    if (hard != RLIM_INFINITY)
        limit.rlim_max = hard;
    limit.rlim_cur = soft;
    setrlimit(resource, &limit);
}

static long see_limit(int resource)
{
    struct rlimit limit;
    getrlimit(resource, &limit);
    return (long)(limit.rlim_cur % 1000003 + limit.rlim_max % 1000003 * 3);
}

static void lower_files(void) { lower(RLIMIT_NOFILE, 256, RLIM_INFINITY); }
static void lower_files_for_good(void) { lower(RLIMIT_NOFILE, 300, 300); }
static long see_files(void) { return see_limit(RLIMIT_NOFILE); }
static void lower_core(void) { lower(RLIMIT_CORE, 0, 4096); }
static long see_core(void) { return see_limit(RLIMIT_CORE); }
static void lower_addresses(void) { lower(RLIMIT_AS, (rlim_t)1 << 40, RLIM_INFINITY); }
static long see_addresses(void) { return see_limit(RLIMIT_AS); }
static void lower_stack(void) { lower(RLIMIT_STACK, 1 << 20, RLIM_INFINITY); }
static long see_stack_limit(void) { return see_limit(RLIMIT_STACK); }

/* ---- ids and rights ---- */

static void change_user(void) { (void)!setuid(65534); }
static void change_effective(void) { (void)!seteuid(65534); }
static void change_group(void) { (void)!setgid(65534); }
static void change_groups(void) { gid_t group = 7; setgroups(1, &group); }
static long see_user(void) { return acts_status("\nUid:"); }
static long see_group(void) { return acts_status("\nGid:"); }
static long see_groups(void) { return acts_status("\nGroups:"); }
static void drop_bounding(void) { prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT); }
static long see_bounding(void) { return acts_status("\nCapBnd:"); }

static long see_capabilities(void) { return acts_status("\nCapEff:"); }
static void give_up_privileges(void) { prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
static long see_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); }

static void filter(void)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { 1, &allow };

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static long see_filters(void) { return acts_status("\nSeccomp:"); }
static void set_securebits(void) { prctl(PR_SET_SECUREBITS, 4); }
static long see_securebits(void) { return prctl(PR_GET_SECUREBITS); }
static void keep_capabilities(void) { prctl(PR_SET_KEEPCAPS, 1); }
static void new_session(void) { setsid(); }
static long see_session(void) { return getsid(0) == getpid(); }
static void new_group(void) { setpgid(0, getppid()); setpgid(0, getpgid(getppid())); }
static long see_process_group(void) { return getpgid(0) == getpid(); }
static void be_traced(void) { ptrace(PTRACE_TRACEME, 0, NULL, NULL); }
static long see_tracer(void) { return acts_status("\nTracerPid:"); }
static void join_keyring(void) { syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); }

static void make_keyring(void)
{
    syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1);
}

static long see_keyrings(void)
{
    long session = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
    long process = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 0);
    return session * 2 + (process > 0);
}

static void enter_sandbox(void) { procspawn_sandbox_enter(PROCSPAWN_SANDBOX_COMPUTE, 0); }

const struct act rights_acts[] = {
    { "a thread", leave_thread, see_threads, 0, 1 },
    { "a joined thread", join_thread, see_threads, 0, 1 },
    { "a child", leave_child, see_children, 0, 0 },
    { "a zombie", leave_zombie, see_children, 0, 0 },
    { "an orphan", leave_orphan, see_children, 0, 0 },
    { "a process in the same memory", leave_sharer, see_children, 0, 1 },
    { "a nested call", call_nested, acts_descriptors, 1, 1 },
    { "no link to the server", leave_server, see_server, 0, 1 },
    { "a root of tasks", spawn_root, see_threads, 0, 1 },
    { "another directory", change_directory, see_directory, 0, 1 },
    { "another root", change_root, see_root, 0, 1 },
    { "a network of its own", enter_network, see_network, 0, 1 },
    { "a host name of its own", enter_names, see_names, 0, 1 },
    { "mounts of its own", enter_mounts, see_mounts, 0, 1 },
    { "users and a network of its own", enter_users_quietly, see_users, 0, 1 },
    { "users of its own", enter_users, see_users, 0, 1 },
    { "a umask", change_mode, see_mode, 0, 0 },
    { "a lower limit of files", lower_files, see_files, 0, 0 },
    { "a lower limit of files for good", lower_files_for_good, see_files, 0, 0 },
    { "a lower limit of cores", lower_core, see_core, 0, 0 },
    { "a lower limit of addresses", lower_addresses, see_addresses, 0, 1 },
    { "a lower limit of the stack", lower_stack, see_stack_limit, 0, 1 },
    { "another user", change_user, see_user, 0, 1 },
    { "another effective user", change_effective, see_user, 0, 1 },
    { "another group", change_group, see_group, 0, 0 },
    { "other groups", change_groups, see_groups, 0, 0 },
    { "a smaller bounding set", drop_bounding, see_bounding, 0, 0 },
    { "no capabilities", drop_capabilities, see_capabilities, 0, 1 },
    { "no new privileges", give_up_privileges, see_privileges, 0, 0 },
    { "a filter of system calls", filter, see_filters, 0, 0 },
    { "securebits", set_securebits, see_securebits, 0, 0 },
    { "kept capabilities", keep_capabilities, see_securebits, 0, 0 },
    { "a session", new_session, see_session, 0, 0 },
    { "another process group", new_group, see_process_group, 0, 0 },
    { "a tracer", be_traced, see_tracer, 0, 1 },
    { "a session keyring", join_keyring, see_keyrings, 0, 1 },
    { "a keyring of the process", make_keyring, see_keyrings, 0, 1 },
    { "a sandbox", enter_sandbox, see_privileges, 0, 1 },
    { 0 },
};
