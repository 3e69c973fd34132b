/*
 * old_landlock.c - answers landlock_create_ruleset(2) as an older kernel
 */
#include "tests/support/old_landlock.h"

#include "src/wire/frame.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t answerer;

/* struct landlock_ruleset_attr: files, network, scopes. */
enum { WORDS = 3 };

static const uint64_t known[8][WORDS] = {
    [1] = { 0x1fff }, [2] = { 0x3fff }, [3] = { 0x7fff },
    [4] = { 0x7fff, 3 }, [5] = { 0xffff, 3 },
    [6] = { 0xffff, 3, 3 }, [7] = { 0xffff, 3, 3 },
};

static void expect(int so, const char *what)
{
    if (so)
        return;
    perror(what);
    _exit(1);
}

static size_t known_size(int version)
{
    return (version >= 6 ? 3 : version >= 4 ? 2 : 1) * sizeof(uint64_t);
}

/* 0: the kernel may do it. */
static int refusal(int version, const struct seccomp_notif *call)
{
    uint64_t words[WORDS] = { 0 };
    const size_t size = (size_t)call->data.args[1];

    if (size > known_size(version))
        return E2BIG;
    struct iovec to = { words, size };
    struct iovec from = { (void *)(uintptr_t)call->data.args[0], size };
    if (process_vm_readv((pid_t)call->pid, &to, 1, &from, 1, 0) != (ssize_t)size)
        return EFAULT;
    for (int i = 0; i < WORDS; i++) {
        if (words[i] & ~known[version][i])
            return EINVAL;
    }
    return 0;
}

static void answer(int listener, int version)
{
    struct seccomp_notif call;
    struct seccomp_notif_resp response;

    memset(&call, 0, sizeof call);
    memset(&response, 0, sizeof response);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
        return;
    response.id = call.id;
    if (call.data.args[0] == 0)
        response.val = version;
    else if ((response.error = -refusal(version, &call)) == 0)
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void answer_all(int socket, int version)
{
    uint64_t body;
    struct wire_frame frame = { .body = &body, .capacity = sizeof body, .trusted = true };

    if (wire__recv(socket, &frame, false) < 0)
        _exit(1);
    struct pollfd listener = { .fd = wire__take_fd(&frame, 0), .events = POLLIN };
    while (poll(&listener, 1, -1) > 0 && listener.revents & POLLIN)
        answer(listener.fd, version);
    _exit(0);
}

static int set_filter(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { sizeof code / sizeof code[0], code };

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

void old_landlock_begin(int version)
{
    int ends[2];

    expect(wire__pair(ends) == 0, "socketpair");
    answerer = fork();
    expect(answerer >= 0, "fork");
    if (answerer == 0) {
        close(ends[0]);
        answer_all(ends[1], version);
    }
    const int listener = set_filter();
    expect(listener >= 0, "seccomp");
    expect(wire__send_struct(ends[0], WIRE_READY, NULL, 0, listener, false) == 0, "sendmsg");
    close(listener);
    close(ends[0]);
    close(ends[1]);
}

void old_landlock_end(void)
{
    kill(answerer, SIGKILL);
    waitpid(answerer, NULL, 0);
}
