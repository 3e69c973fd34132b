/*
 * sandbox.h - calls that may do less than their user
 *
 * A function that handles untrusted input can be called in a sandbox. It computes, and reaches only
 * what it was handed. What it tries beyond that is a violation: the call fails with cause SANDBOX,
 * and its error names the system call, its arguments and the place in the code. (A function that
 * handles SIGSYS itself goes on; its system call has failed all the same.)
 *
 *     builder = procspawn_builder_new();
 *     procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_COMPUTE);
 *     struct procspawn_call_options options = { .builder = builder };
 *     if (procspawn_call_with(&options, parse, file, &result) == PROCSPAWN_ECALL &&
 *         procspawn_error_is_violation(result.error))
 *         puts(procspawn_error_message(result.error));
 *     procspawn_result_fini(&result);
 *
 *     sandbox violation: openat(AT_FDCWD, "/etc/passwd", O_RDONLY)
 *
 * The caller opens, the function parses: a sandboxed function works on the descriptors, shared
 * buffers and channels in its argument (value.h, shmem.h, channel.h). Where that is not enough,
 * profile FILES lets paths in.
 *
 * The builder may be that of a call, of a call in a set, a map or a scope, or of the workers of a
 * pool (procspawn_pool_builder_process). A worker is sandboxed once, before its first call, and
 * stays so. What a builder or a configuration sets happens before: ids, limits, directory,
 * callback, hook, loading of the function's library. The argument is decoded inside. A later call
 * of a worker cannot load a library: it is refused.
 *
 * To enter a sandbox takes a tenth of a millisecond, so it is done ahead: after a sandboxed call
 * another process goes through the same set-up and waits for a second. The next call that differs
 * in nothing but its function, argument, environment and standard streams takes it. It has looked
 * up the paths, and run the callback of the configuration, when it was made. A builder with a hook,
 * and a program without spares (procspawn_config_spares), have a new process for each call.
 *
 * A sandboxed process calls no functions in other processes: procspawn() and the like return
 * PROCSPAWN_ERIGHTS there, whatever procspawn_builder_may_spawn() said. Crashes, panics, failed
 * assertions, time limits and their backtraces work as in every call, because another process
 * examines them.
 *
 * These functions of the C library open files or load code, so they are violations in COMPUTE:
 * fopen, localtime, mktime and tzset, setlocale, iconv_open, getaddrinfo and the users' database,
 * dlopen, tmpfile, sysconf(_SC_NPROCESSORS_ONLN), pthread_getattr_np in the main thread. Call what
 * prepares them in the hook (procspawn_builder_hook), or before init, or use FILES. Local time is
 * prepared by tzset() if TZ is set; without it localtime and mktime look at /etc/localtime each
 * time. fork, system, popen and pthread_create fail, with EPERM.
 *
 * What a sandbox does not do. It does not hide what the program had in memory at init: the function
 * can put it into its result. It does not judge what is done with what was handed in: a socket
 * sends (a datagram socket to any address, so hand in streams), a writable file is written, and so
 * is memory that the program shared before init. It does not bound memory and time: use
 * procspawn_builder_memory_limit(), RLIMIT_FSIZE (which counts for memory files too) and
 * procspawn_builder_run_limit(). It does not close side channels, and it cannot mend faults of the
 * kernel; it leaves few system calls by which they could be reached.
 *
 * It is made of seccomp, Landlock and PR_SET_NO_NEW_PRIVS. It needs no privilege, and changes no
 * user, group or namespace. A process id means the same inside.
 *
 * Fork:   a sandboxed process cannot fork. A process that the program has forked asks the same
 *         kernel.
 */
#ifndef FORKSCOPE_SANDBOX_H
#define FORKSCOPE_SANDBOX_H

#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Profiles of sandboxes: what is left to the function. Each includes the one before it. */
enum procspawn_sandbox {
    PROCSPAWN_SANDBOX_NONE,     /* all that its user may do */
    /* Memory that is not executable, time, random numbers, waiting, signals to itself; reading,
     * writing and passing of descriptors that it was handed; memory files, pipes, eventfds, pairs
     * of stream sockets. Standard streams, malloc, jansson, channels, exit. */
    PROCSPAWN_SANDBOX_COMPUTE,
    /* Files and directories below the paths that procspawn_builder_path() lets in, with the rights
     * that it gives. Whether any file exists, its size, times and owner can be seen everywhere:
     * Landlock does not hide that. Modes, owners, times and attributes can be changed nowhere. */
    PROCSPAWN_SANDBOX_FILES,
    /* TCP, to and from the ports that procspawn_builder_port() lets in. No UDP, so names have to be
     * resolved outside; no sockets of other families. */
    PROCSPAWN_SANDBOX_NETWORK
};

/*
 * The profile of the processes that the builder describes; NONE unless set.
 *
 * Returns 0, or -EINVAL for no such profile. If the kernel, or the library as it was built, cannot
 * do what is asked, the call fails with kind SETUP, and its message says what is missing. Nothing
 * runs with less protection than was asked for, unless procspawn_builder_sandbox_partial() allows
 * it.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own; OpenBSD's pledge, Chromium's and OpenSSH's sandboxes.
 */
int procspawn_builder_sandbox(procspawn_builder *builder, enum procspawn_sandbox profile);

/* What may be done below a path. */
enum {
    PROCSPAWN_PATH_READ = 1,    /* open for reading, list */
    PROCSPAWN_PATH_WRITE = 2,   /* open for writing, truncate: of what is there already */
    PROCSPAWN_PATH_CREATE = 4   /* make, rename and remove files and directories */
};

/*
 * Lets a file, or a directory with all below it, into profile FILES and above. The path is copied.
 * It is relative to the working directory of the child, which looks it up when the call starts,
 * with its own user. Nothing below it can be executed; no symbolic link, device, socket or fifo can
 * be made. A symbolic link counts by what it leads to. A file that is to be made and written needs
 * WRITE and CREATE.
 *
 * A descriptor of a directory that was handed in opens nothing unless its path is let in too.
 *
 * The call fails with kind SETUP if the path is not there, leads through a link of /proc as
 * /proc/self/fd/3, or lies in or above /proc, /dev, /sys or another place where the kernel shows
 * processes and devices. It is checked with the help of /proc.
 *
 * Returns 0, -EINVAL for no such right or more than 256 paths, or -ENOMEM.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: OpenBSD's unveil; landlock(7).
 */
int procspawn_builder_path(procspawn_builder *builder, const char *path, unsigned rights);

/*
 * Lets a TCP port into profile NETWORK: to connect to it at any address, or to listen on it. With a
 * port to listen on, a socket that listens without bind(2) gets a port that the kernel chooses.
 *
 * Returns 0, -EINVAL for no such port or more than 256 ports, or -ENOMEM.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: landlock(7).
 */
int procspawn_builder_port(procspawn_builder *builder, unsigned port, bool listens);

/* Exceptions, by which a profile is made wider. */
enum {
    PROCSPAWN_ALLOW_THREADS = 1,    /* threads of its own; never processes */
    PROCSPAWN_ALLOW_CODE = 2        /* executable memory: for compilers at run time, and dlopen */
};

/*
 * The exceptions of the profile; none unless set.
 *
 * Returns 0, or -EINVAL for no such exception.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own.
 */
int procspawn_builder_sandbox_allow(procspawn_builder *builder, unsigned allowed);

/* What a denied system call leads to. */
enum procspawn_denial {
    PROCSPAWN_DENIAL_END,       /* the call ends with a violation; the default */
    PROCSPAWN_DENIAL_FAIL,      /* the system call fails with EPERM, and the function goes on */
    PROCSPAWN_DENIAL_LEARN      /* it is let through and written down: NO protection, see learn.h */
};

/*
 * What denied system calls lead to. Some always fail in the same way: paths that are not let in
 * with EACCES in FILES and above; a new process, or a thread that is not allowed, with EPERM; what
 * is newer than the library with ENOSYS, so that a newer C library does what it did before that
 * system call existed. Foreign system call tables (32-bit, x32) end the process.
 *
 * LEARN is for development. It has to be allowed at init, by procspawn_config_learning(); without
 * that the call fails with kind SETUP, and so it does if the kernel has no seccomp filters whose
 * system calls wait for an answer (Linux 5.5), whatever procspawn_builder_sandbox_partial() says.
 *
 * Returns 0, or -EINVAL for no such value.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own; SystemCallErrorNumber of systemd, pledge's "error".
 */
int procspawn_builder_denial(procspawn_builder *builder, enum procspawn_denial denial);

/*
 * Whether a call is made if the kernel cannot do all that its sandbox asks for; then it has what
 * the kernel can do. Off unless set.
 *
 * procspawn_sandbox_missing gives a sentence of what the kernel or the library lacks for a profile,
 * or NULL if nothing is missing. The string is static.
 *
 * Safe:   one thread at a time for each builder; procspawn_sandbox_missing: any thread.
 * Cancel: no cancellation point.
 * Source: Landlock's best effort.
 */
void procspawn_builder_sandbox_partial(procspawn_builder *builder, bool allowed);
const char *procspawn_sandbox_missing(enum procspawn_sandbox profile);

/*
 * Puts the process of a called function into a sandbox. It is for functions that open first what
 * they need, and works while the process has one thread. A process can go from a wider profile to a
 * narrower one, or have fewer exceptions, never the reverse. Paths, ports, denial and partial are
 * those of the builder of its call. In a pool it holds for all later calls of this worker.
 *
 * Returns 0, or
 *   -EINVAL              a wider profile or exception than it has, NONE, or no such value; or there
 *                        is another thread
 *   -ENOSYS              the kernel or the library cannot do it (procspawn_sandbox_missing)
 *   -EPERM               this is no process that runs called functions
 *   -errno               a path cannot be looked up, or the kernel refused a step. The process may
 *                        be confined already
 *
 * Safe:   the only thread of a child.
 * Cancel: no cancellation point.
 * Source: pledge(2).
 */
int procspawn_sandbox_enter(enum procspawn_sandbox profile, unsigned allowed);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
