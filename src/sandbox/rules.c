/*
 * rules.c - makes the table of rules.def
 */
#include "src/sandbox/rules.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <asm/ioctls.h>

/* Flags of clone(2) that every thread of the C library has, and those that none has. */
enum {
    CLONE_OF_THREADS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                       CLONE_SYSVSEM,
    CLONE_OF_OTHERS = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE | CLONE_VFORK |
                      CLONE_PARENT | CLONE_UNTRACED | CLONE_PIDFD,
    CLONE_JUDGED = CLONE_OF_THREADS | CLONE_OF_OTHERS
};

/*
 * CLOCK_REALTIME to CLOCK_TAI; those of them that do not wake a machine; a clock for the time that
 * a thread has run: the kernel refuses other processes' threads, not other processes.
 */
enum { COMMON_CLOCKS = 15, LOWEST_CLOCKS = 7 };
#define CLOCK_OF_OWN_THREAD 0x80000004U

/* What O_TMPFILE has and O_DIRECTORY has not. */
enum { UNNAMED_FILE = O_TMPFILE & ~O_DIRECTORY };

/* Of IPPROTO_IP and IPPROTO_IPV6. */
enum { OPTIONS_OF_SOCKETS = 63 };

/* All of the type but its flags. */
#define TYPE_OF_SOCKET (~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK))

#define INT_BITS(n, bits, wanted) \
    { SANDBOX_INT_BITS, (n), (uint32_t)(bits), (uint32_t)(wanted), \
      "argument " #n " & " #bits " = " #wanted }
#define INT(n, wanted) \
    { SANDBOX_INT_BITS, (n), UINT32_MAX, (uint32_t)(wanted), "argument " #n " = " #wanted }
#define WORD_BITS(n, bits, wanted) \
    { SANDBOX_WORD_BITS, (n), (bits), (wanted), "argument " #n " & " #bits " = " #wanted }
#define WORD(n, wanted) \
    { SANDBOX_WORD, (n), 0, (wanted), "argument " #n " = " #wanted }
#define OTHER(n, unwanted) \
    { SANDBOX_OTHER, (n), 0, (unwanted), "argument " #n " is not " #unwanted }
#define LESS_EQUAL(n, most) \
    { SANDBOX_LESS_EQUAL, (n), 0, (most), "argument " #n " at most " #most }
#define OWN(n) { SANDBOX_OWN, (n), 0, 0, "argument " #n " = its own process id" }
#define OWN_FILTER(n) { SANDBOX_OWN_FILTER, (n), 0, 0, "argument " #n " = the library's filter" }

#define COUNT(...) (sizeof (struct sandbox_condition[]){ __VA_ARGS__ } / \
                    sizeof (struct sandbox_condition))
#define RULE(of, what, call, ...) \
    { SANDBOX_##of, SANDBOX_##what, SYS_##call, #call, COUNT(__VA_ARGS__), { __VA_ARGS__ } },

const struct sandbox_rule sandbox__rules[] = {
#include "src/sandbox/rules.def"
};

const size_t sandbox__rule_count = sizeof sandbox__rules / sizeof sandbox__rules[0];

bool sandbox__rule_is_of(const struct sandbox_rule *rule, enum procspawn_sandbox profile)
{
    if (rule->profiles == SANDBOX_COMPUTE_ONLY)
        return profile == PROCSPAWN_SANDBOX_COMPUTE;
    return (int)profile >= (int)rule->profiles;
}
