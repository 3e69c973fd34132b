/*
 * state.c - acts that damage their own process: its memory, descriptors, limits, filters, roots
 */
#include "tests/hostile/act.h"

#include "src/child/reply.h"
#include "src/image/image.h"
#include "tests/hostile/odd_fd.h"
#include "tests/hostile/raw.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* ---- memory ---- */

static void *page_of(const void *address)
{
    return (void *)((uintptr_t)address & ~(uintptr_t)(PAGE - 1));
}

/* The library's own data, the environment, the stack. */
static void *draw_page(struct random *random)
{
    extern char **environ;
    const void *const places[] = { &procspawn__reply, &procspawn__image, environ, &random,
                                   (const void *)(uintptr_t)procspawn__reply_result, stderr };

    return page_of(places[random_below(random, 6)]);
}

static void unmap(struct random *random)
{
    munmap(draw_page(random), PAGE);
}

static void protect(struct random *random)
{
    static const int protections[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };

    mprotect(draw_page(random), PAGE, protections[random_below(random, 3)]);
}

static void remap(struct random *random)
{
    void *page = draw_page(random);
    int fd = odd_fd_memory(random);

    if (random_one_in(random, 2))
        mremap(page, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
    else
        mmap(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_FIXED | MAP_SHARED, fd, 0);
}

static void scribble(struct random *random)
{
    random_fill(random, &procspawn__reply, sizeof procspawn__reply);
}

/* Thousands of mappings, some of odd names. */
static void map_often(struct random *random)
{
    for (unsigned i = random_below(random, 5000); i > 0; i--)
        mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
             0);
    for (unsigned i = random_below(random, 20); i > 0; i--)
        mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, odd_fd_draw(random), 0);
}

/* ---- descriptors ---- */

static void close_all(struct random *random)
{
    close_range(random_below(random, 4), ~0u, 0);
}

static void open_many(struct random *random)
{
    for (unsigned i = random_below(random, 2000); i > 0; i--)
        dup(STDIN_FILENO);
}

static void swap_descriptors(struct random *random)
{
    int odd = odd_fd_draw(random);

    for (int fd = 0; fd < 16; fd++) {
        if (random_one_in(random, 2))
            dup2(random_one_in(random, 2) ? odd : raw_channel(), fd);
    }
}

/* ---- limits and marks ---- */

static void change_limits(struct random *random)
{
    /* Not RLIMIT_RTTIME: that is the mark (mark.h). */
    static const int resources[] = { RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_DATA,
                                     RLIMIT_STACK, RLIMIT_CPU, RLIMIT_NPROC, RLIMIT_SIGPENDING,
                                     RLIMIT_MEMLOCK, RLIMIT_CORE };

    for (unsigned i = 1 + random_below(random, 4); i > 0; i--) {
        int resource = resources[random_below(random, 10)];
        struct rlimit limit;
        getrlimit((__rlimit_resource_t)resource, &limit);
        limit.rlim_cur = random_length(random, 1 << 24);
        if (random_one_in(random, 3))
            limit.rlim_max = limit.rlim_cur;
        if (random_one_in(random, 4))
            limit.rlim_cur = limit.rlim_max;
        setrlimit((__rlimit_resource_t)resource, &limit);
    }
}

static void change_marks(struct random *random)
{
    char name[16];

    random_fill(random, name, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, random_one_in(random, 2) ? name : ") R 1 1 1 (");
    prctl(PR_SET_TIMERSLACK, 1000000000);
    if (random_one_in(random, 2))
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    nice((int)random_below(random, 20));
}

/* ---- roots, names, filters ---- */

static void change_root(struct random *random)
{
    if (random_one_in(random, 2))
        unshare(CLONE_NEWUSER);
    if (chroot(random_one_in(random, 2) ? "/tmp" : "/proc/self/fdinfo") == 0)
        (void)!chdir("/");
    umask(0777);
}

static void lose_directory(struct random *random)
{
    char path[] = "/tmp/forkscope-hostile-XXXXXX";

    (void)random;
    if (mkdtemp(path) && chdir(path) == 0)
        rmdir(path);
}

static void unshare_some(struct random *random)
{
    static const int kinds[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
                                 CLONE_NEWIPC, CLONE_FILES, CLONE_FS, CLONE_NEWUTS };
    int flags = CLONE_NEWUSER;

    for (unsigned i = random_below(random, 4); i > 0; i--)
        flags |= kinds[random_below(random, 8)];
    if (unshare(flags) < 0)
        return;
    mount("none", "/proc", "tmpfs", 0, NULL);
    if (fork() == 0)
        act_hang();
}

static void set_filter(struct random *random)
{
    static const unsigned actions[] = { SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO,
                                        SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD,
                                        SECCOMP_RET_TRAP };
    static const unsigned calls[] = { SYS_rt_sigaction, SYS_tgkill, SYS_sendmsg, SYS_exit_group,
                                      SYS_getpid, SYS_gettid, SYS_write, SYS_rt_sigreturn,
                                      SYS_mmap };
    unsigned call = calls[random_below(random, 9)], everything = random_one_in(random, 4);
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, everything ? 0 : call, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, everything ? ~0u : call, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, actions[random_below(random, 5)]),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof code / sizeof code[0], code };

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static void be_strict(struct random *random)
{
    (void)random;
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
}

const struct act act_of_state[] = {
    { .name = "unmapped_memory", .run = unmap },
    { .name = "protected_memory", .run = protect },
    { .name = "remapped_memory", .run = remap },
    { .name = "scribbled_memory", .run = scribble },
    { .name = "many_mappings", .run = map_often },
    { .name = "no_descriptors", .run = close_all },
    { .name = "many_descriptors", .run = open_many },
    { .name = "swapped_descriptors", .run = swap_descriptors },
    { .name = "limits", .run = change_limits },
    { .name = "marks", .run = change_marks },
    { .name = "other_root", .run = change_root },
    { .name = "no_directory", .run = lose_directory },
    { .name = "namespaces", .run = unshare_some },
    { .name = "filter", .run = set_filter },
    { .name = "strict_filter", .run = be_strict },
    { 0 },
};
