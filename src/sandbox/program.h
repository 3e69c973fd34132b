/*
 * program.h - the seccomp filter of each profile: compiled once, completed in each child
 *
 * libseccomp takes a millisecond for a profile, so a server compiles them when it is idle, and its
 * later children have them in memory. Earlier ones compile what they need. What differs between
 * children is a number in some instructions of the program: the process id, and what exceptions and
 * denials come to. A child copies the program and sets these.
 */
#ifndef FORKSCOPE_SANDBOX_PROGRAM_H
#define FORKSCOPE_SANDBOX_PROGRAM_H

#include <forkscope/sandbox.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What the numbers are. The values of the filter's answers are SECCOMP_RET_*. */
struct sandbox_completion {
    pid_t pid;
    uint64_t filter;            /* address by which the process installs filters */
    uint32_t denied;
    uint32_t threads;
    uint32_t code;
    uint32_t listen;
    bool learns;                /* then what is not let through waits for the learner's answer */
};

/* Compiles one program that is not compiled yet. Returns whether there are more. */
bool procspawn__sandbox_compile_one(void);

/* Was the library built with libseccomp? */
bool sandbox__can_compile(void);

/*
 * Gives the completed program, in static memory until the next call; compiles it if need be.
 * Returns 0, -ENOSYS without libseccomp, or -errno.
 */
int sandbox__program(enum procspawn_sandbox profile, const struct sandbox_completion *completion,
                     struct sock_fprog *ret_program);

#endif
