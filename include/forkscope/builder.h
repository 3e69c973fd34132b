/*
 * builder.h - in what the process of a call differs from its caller
 *
 * A process has the environment, directory, ids and limits of its caller (procspawn.h). A builder
 * says what is different: for calls (procspawn_builder_spawn, struct procspawn_call_options), for
 * the workers of a pool (pool.h), and for processes in scopes (tree.h):
 *
 *     procspawn_builder *builder = procspawn_builder_new();
 *     procspawn_builder_env(builder, "LANG", "C");
 *     procspawn_builder_total_limit(builder, 5 * FORKSCOPE_S);
 *     error = procspawn_builder_spawn(builder, function, argument, &handle);
 *     procspawn_builder_free(builder);
 *
 * Times and returned values are as in procspawn.h, which brings this header.
 */
#ifndef FORKSCOPE_BUILDER_H
#define FORKSCOPE_BUILDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * In what a process differs from its caller. Made by procspawn_builder_new().
 *
 * Fork:   a forked process has a copy, which it uses and frees by itself.
 */
typedef struct procspawn_builder procspawn_builder;

/*
 * A new builder that changes nothing. Reusable: each procspawn_builder_spawn() reads it.
 * procspawn_builder_free accepts NULL.
 *
 * Returns NULL when out of memory.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Builder.
 */
procspawn_builder *procspawn_builder_new(void);
void procspawn_builder_free(procspawn_builder *builder);

/*
 * Environment of the child: the caller's at the time of the call, with these changes in the order
 * they were made. env and envs copy their strings; envs takes a NULL-terminated array of
 * NAME=value.
 *
 * Return 0, -EINVAL for a name that is empty or contains '=', or -ENOMEM.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Builder::env, envs, env_remove, env_clear.
 */
int procspawn_builder_env(procspawn_builder *builder, const char *name, const char *value);
int procspawn_builder_envs(procspawn_builder *builder, char *const *variables);
int procspawn_builder_env_remove(procspawn_builder *builder, const char *name);
int procspawn_builder_env_clear(procspawn_builder *builder);

/*
 * User and group of the child; the supplementary groups are dropped with a change of either. The
 * change is made with the rights of the caller, and capabilities follow it by the kernel's rules;
 * one that is not permitted makes the call fail with kind SETUP.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Builder::uid, gid.
 */
void procspawn_builder_uid(procspawn_builder *builder, uid_t uid);
void procspawn_builder_gid(procspawn_builder *builder, gid_t gid);

/*
 * A hook that runs in the child: after everything else is set up, and before the function. A
 * negative errno value from it makes the call fail with kind SETUP. The argument is a pointer of
 * the image at init: static data is valid, later allocations are not. procspawn_builder_pre_exec is
 * another name of procspawn_builder_hook, known from Rust; no program is executed after the hook.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Builder::pre_exec.
 */
void procspawn_builder_hook(procspawn_builder *builder, int (*hook)(void *), void *argument);
void procspawn_builder_pre_exec(procspawn_builder *builder, int (*hook)(void *), void *argument);

/* Where a standard stream of the child goes. */
enum procspawn_stdio {
    PROCSPAWN_STDIO_INHERIT,    /* the caller's descriptor at the time of the call */
    PROCSPAWN_STDIO_NULL,       /* /dev/null */
    PROCSPAWN_STDIO_PIPE,       /* a pipe; the handle has the other end */
    PROCSPAWN_STDIO_FD          /* the given one, duplicated at the call; it stays the caller's */
};

/*
 * The standard streams; fd counts for PROCSPAWN_STDIO_FD only. A stream to be inherited that the
 * caller has closed becomes /dev/null. What is wrong is told by the call: -EBADF for a descriptor
 * that is not open then, -EINVAL for another mode.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Builder::stdin, stdout, stderr.
 */
void procspawn_builder_stdin(procspawn_builder *builder, enum procspawn_stdio mode, int fd);
void procspawn_builder_stdout(procspawn_builder *builder, enum procspawn_stdio mode, int fd);
void procspawn_builder_stderr(procspawn_builder *builder, enum procspawn_stdio mode, int fd);

/*
 * Working directory (copied; relative to the caller's at the time of the call, and entered with the
 * child's rights), and resource limits (one of RLIMIT_*; each overrides the caller's, as far as the
 * caller may). A directory that cannot be entered or a limit that cannot be set makes the call fail
 * with kind SETUP.
 *
 * Return 0, -EINVAL for no such resource (rlimit), or -ENOMEM (cwd).
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: chdir(2), setrlimit(2).
 */
int procspawn_builder_cwd(procspawn_builder *builder, const char *path);
int procspawn_builder_rlimit(procspawn_builder *builder, int resource, const struct rlimit *limit);

/*
 * How many bytes of memory a process may use beyond what it has at its start. That is the image of
 * the program at init. 0 is no limit. So the limit means the same in a small program and in one
 * that had gigabytes at init. A worker of a pool has it for all its calls together.
 *
 * The process sets its RLIMIT_DATA, soft and hard, to its size at the time plus this number, after
 * all else of its set-up but the hook. A lower RLIMIT_DATA stays. The limit counts addresses, not
 * pages that are in use:
 * - It bounds the heap, private writable mappings, and with them the stacks of threads (8 MiB each
 *   unless their attributes say less), the argument, and the result while it is encoded.
 * - It does not bound shared memory (shmem.h, memfd_create(2)), files that are mapped read-only or
 *   shared, the main thread's stack (RLIMIT_STACK), pages of the image that the process changes,
 *   and what is only reserved (PROT_NONE).
 * - A process that the function starts by itself, or by procspawn(), has the same RLIMIT_DATA, and
 *   each of them has it for itself.
 * - With AddressSanitizer and the like the memory of the sanitizer counts, which is a multiple of
 *   the program's; what it had mapped at the start does not.
 * - A function with CAP_SYS_RESOURCE can raise the limit.
 *
 * Beyond the limit malloc(3) returns NULL and mmap(2) fails with ENOMEM. The function has to handle
 * that. If it crashes instead, the error has the cause of that crash; the cause
 * PROCSPAWN_CAUSE_OUT_OF_MEMORY means that the kernel killed the process for lack of memory. If
 * there is no room for the argument or the result, the call fails with kind JSON or IO. Without
 * /proc calls with a limit fail with kind SETUP.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: setrlimit(2), RLIMIT_DATA since Linux 4.7.
 */
void procspawn_builder_memory_limit(procspawn_builder *builder, uint64_t bytes);

/*
 * How long each call that is made with the builder may take, in nanoseconds; 0 for no limit. A call
 * that reaches a limit is killed and fails with kind TIMED_OUT. If both are set, the first that
 * passes ends the call. The fork server enforces them, also while no thread joins.
 *
 *     |--- set-up ---|------ run ------|
 *     call           function begins   result
 *     |<--------- total_limit -------->|
 *                    |<-- run_limit -->|
 *
 * run_limit counts from the moment at which the function is called. What the process does before -
 * ids, hook, loading of a library, the callback of init, decoding of the argument - does not count,
 * unless it takes longer than ten seconds: what it takes beyond that is counted as run. So a call
 * with a run limit ends ten seconds and the limit after it was handed to its process, whatever the
 * process does. The function cannot delay or take back its beginning: none of its code runs before
 * the server has been told.
 *
 * total_limit counts from the call. A call for which the fork server has no process until then is
 * not made: procspawn_builder_spawn() returns -ETIMEDOUT.
 *
 * For a pool they are set on the builder of its workers (procspawn_pool_builder_process), and hold
 * for each call: see pool.h.
 *
 * Return 0, or -EINVAL for a negative length.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own; Celery's time_limit and expires. The limit of a call is not the timeout of a waiter.
 */
int procspawn_builder_run_limit(procspawn_builder *builder, int64_t length);
int procspawn_builder_total_limit(procspawn_builder *builder, int64_t length);

/*
 * The grace of a process in a scope when its scope ends it (tree.h): nanoseconds between SIGTERM
 * and SIGKILL; none for 0 or less. If not set it is the scope's, or two seconds.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own; a service manager's stop.
 */
void procspawn_builder_grace(procspawn_builder *builder, int64_t grace);

/*
 * Whether the function may call functions in processes of its own; it may by default. A function
 * that may not has no connection to the fork server, and its calls fail with PROCSPAWN_ERIGHTS: for
 * functions that process untrusted data.
 *
 * What such a function calls (a nested call) is forked from the image at init, as all are, and has
 * no right that the function lacks: its user and group, no supplementary groups unless it has those
 * of init, at most its resource limits, no capability in any set, and no_new_privs. It may choose a
 * user or group for it only if it has those of init and was called by the program itself.
 *
 * A function has no nested calls, as if told so, if it lacks in other ways what the program had at
 * init: it has a hook; or its caller gave up capabilities (but by a change of its user),
 * securebits, no_new_privs, or a place (procspawn_builder_allow_rights()); or the real, effective
 * and saved ids of its caller, of user or group, are not the same. Its calls fail with
 * PROCSPAWN_ERIGHTS. A function that gives up rights by itself calls procspawn_leave_server()
 * before.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own; least privilege.
 */
void procspawn_builder_may_spawn(procspawn_builder *builder, bool allowed);

/*
 * Restrictions that a program can enter after init: its children cannot follow. Flags, one a kind.
 */
enum procspawn_rights {
    PROCSPAWN_RIGHTS_ROOT = 1 << 0,     /* root directory, or mount namespace */
    PROCSPAWN_RIGHTS_NETWORK = 1 << 1,  /* network namespace */
    PROCSPAWN_RIGHTS_USER = 1 << 2,     /* user namespace */
    PROCSPAWN_RIGHTS_SECCOMP = 1 << 3,  /* a seccomp filter */
    PROCSPAWN_RIGHTS_LANDLOCK = 1 << 4  /* a Landlock domain */
};

/*
 * Allows calls from a place to which children cannot follow. They are forked from the program as it
 * was at init, and would bypass a restriction that it has entered since. So a call from another
 * place than that of init, of the calling thread, fails with PROCSPAWN_ERIGHTS, and so does the
 * building of a pool. This allows it for some kinds (any of the flags above, 0 for none, which is
 * the default). A child that is made so is in the place of init, and has no nested calls; out of
 * another user namespace it also has the ids, groups and capabilities of init, since those of the
 * caller mean nothing there.
 *
 * What could be read at init and cannot be read any more (there is no /proc in the new root) counts
 * as another place. Not noticed are:
 * - other namespaces (processes, IPC, host name, control groups, time), and other security modules;
 * - a Landlock domain, of a thread that has not the ids and capabilities of init, or of a called
 *   function's process;
 * - where /proc was not there at init: the namespaces of network and users, and a second filter.
 * A program that does one of these after init does not restrict its children by it. And all this
 * relies on the program's own code: foreign code that took the program over can send messages to
 * the fork server by itself. The server accepts no user id that the kernel does not confirm; it
 * cannot check the rest. A program that restricts itself for good calls procspawn_fini() before.
 *
 * Returns 0, or -EINVAL for an unknown flag.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own; least privilege.
 */
int procspawn_builder_allow_rights(procspawn_builder *builder, unsigned kinds);

/*
 * Limits of the result: a short text can be a large value. result_limit: bytes of memory that it
 * takes in this process when decoded; 512 MiB unless set, 0 for no limit. The size is computed
 * before anything is decoded, and is an upper bound, which can be twice the memory that is taken in
 * the end. During decoding it takes up to twice the longest string more. result_depth: nesting of
 * arrays and objects; 256 unless set. A result beyond either makes the call fail with kind JSON and
 * PROCSPAWN_ELIMIT as procspawn_error_errno().
 *
 * A join decodes on the stack of the thread that calls it, and json_decref() and the like need as
 * much: 512 bytes for each level are enough, so 128 KiB by default, and 1 MiB for 2,048 levels.
 * Decoding takes 10 to 20 nanoseconds for each byte of text, some times that for a text of short
 * numbers and keys, about one for each byte of bytes and long strings (bytes.h), and ten seconds at
 * most with the default limit; a procspawn_join_timeout() does not wait for that.
 *
 * procspawn_builder_result_depth returns 0, or -EINVAL for 0 or more than 2,048.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_builder_result_limit(procspawn_builder *builder, uint64_t bytes);
int procspawn_builder_result_depth(procspawn_builder *builder, unsigned depth);

/*
 * A name for the process, as ps(1) and core(5) show it (the first 15 bytes); without one it is
 * called as the main thread of the program was at init. Copied. Returns 0 or -ENOMEM.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: prctl(2), PR_SET_NAME.
 */
int procspawn_builder_name(procspawn_builder *builder, const char *name);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
