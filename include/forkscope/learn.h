/*
 * learn.h - what a function needs that its sandbox denies
 *
 * A function that is to be put into a sandbox may need more than its author knows: the C library
 * opens files, a decoder starts threads. Denial LEARN (sandbox.h) lets all of that through and
 * writes it down. The list has each need once, with the line of C that lets it in:
 *
 *     procspawn_config_learning(config, true);                   before procspawn_init_with()
 *
 *     procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_COMPUTE);
 *     procspawn_builder_denial(builder, PROCSPAWN_DENIAL_LEARN);
 *     procspawn_builder_spawn(builder, function, argument, &handle);
 *     procspawn_join(handle, &result, &error);
 *     if (procspawn_learned(handle, &needs) == 0)
 *         fputs(procspawn_needs_code(needs), stdout);
 *
 *     procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_FILES);
 *     procspawn_builder_path(builder, "/etc/localtime", PROCSPAWN_PATH_READ);
 *
 * There is NO protection while a function is learned: call it with input that is trusted. That is
 * why the program has to allow learning at init. Only what the calls did is learned: call the
 * function with all kinds of input that it will meet.
 *
 * The list is relative to the builder: what its profile, paths, ports and exceptions let in already
 * is not in it. With the lines of the list added to the builder it is empty, but for the needs that
 * nothing lets in. Paths are compared as they are written, without following symbolic links. They
 * are those of the calls: what is listed is the list of one run, not a rule. A directory that is
 * let in stands for all files below it, so a few lines often do for many. Paths that contain "..",
 * lead over a symbolic link, or belong to another root directory (chroot(2)) are judged as they are
 * written: their line can be missing, or be refused with kind SETUP, as one that leads into /proc
 * is. So call the function with the lines of the list once, in the sandbox, before relying on them.
 *
 * What C libraries do without is not needed: system calls that fail with ENOSYS in each profile, as
 * clone3, and unnamed files (O_TMPFILE) fail in the same way here, and what is done instead is
 * learned. Foreign system call tables end the process, as in every sandbox.
 *
 * How it is done. The process has no_new_privs and a seccomp filter that has each system call that
 * COMPUTE denies wait for an answer. One more process, the learner, answers: it is started with the
 * call or the pool, runs no function, and ends when the processes have ended. Each such system call
 * takes some 20 microseconds. Processes that the function starts are learned too; in a sandbox it
 * cannot start any. So a list with a need that makes a process also has what that process needed:
 * take that out of the function, and learn again. Without a profile there is nothing to learn, and
 * the list is empty. The learner refuses, with EPERM, what would end it (a signal to it or to all
 * processes, F_SETOWN). A function whose memory or file system does not answer makes itself wait,
 * not the learner. When the learner is killed all the same, system calls that wait for it fail with
 * ENOSYS, and so do later ones of the same kind; the call ends or goes on, and the list ends there.
 * A program that root runs can do more to the learner.
 */
#ifndef FORKSCOPE_LEARN_H
#define FORKSCOPE_LEARN_H

#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <forkscope/sandbox.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* One need. All strings belong to the list. */
struct procspawn_need {
    const char *syscall;        /* name; NULL: not known */
    long number;
    const char *text;           /* the first such call: openat(AT_FDCWD, "/etc/passwd", O_RDONLY) */
    const char *path;           /* of that call, from the root, as bytes; NULL: none, or not read */
    uint64_t count;             /* how many calls had this need */
    enum procspawn_sandbox profile;     /* the least that can let it in; NONE: none can */
    const char *line;           /* the builder's call that lets it in; NULL: there is none */
    const char *reason;         /* then why, in a sentence; else NULL */
};

/*
 * A list of needs, in the order in which they came.
 *
 * Fork:   a forked process has a copy, which it reads and frees by itself.
 */
typedef struct procspawn_needs procspawn_needs;

/*
 * What a call, or the calls of a pool, needed until now; all of it when they have ended, however
 * that was. A worker of a pool serves many calls and has one builder, so its needs are kept for the
 * pool: procspawn_learned() of a call of a pool gives those of all its workers and calls, as
 * procspawn_pool_learned() does. They stay when workers are replaced. A call of a scope is as one
 * without. Calls whose handle the program does not get, as those of sets and maps, are learned in a
 * pool.
 *
 * The list is new: free it with procspawn_needs_free(), which accepts NULL. It is a copy, and
 * valid after the handle or the pool is freed.
 *
 * Return 0, or
 *   -ENODATA   denial LEARN was not set, learning was not allowed at init, or the call was not sent
 *   -ENOMEM    no memory could be had
 *   -EINVAL    the pool is NULL
 *   PROCSPAWN_ENOTOWNER   the call or pool belongs to the process that forked this one
 *
 * Safe:   one thread at a time for each handle; procspawn_pool_learned: any thread.
 * Cancel: no cancellation point.
 * Source: own; audit2allow, minijail's policy generator.
 */
int procspawn_learned(procspawn_handle *handle, procspawn_needs **ret_needs);
int procspawn_pool_learned(procspawn_pool *pool, procspawn_needs **ret_needs);
void procspawn_needs_free(procspawn_needs *needs);

/*
 * The list. procspawn_needs_at gives a need, which is borrowed until the list is freed; NULL for an
 * index beyond the count. procspawn_needs_truncated: there were more than the 1,024 needs that have
 * room, so the list is not complete. A path of 1,023 bytes or more is not told.
 *
 * procspawn_needs_code gives all builder calls together, a line each: what has to be added to the
 * builder. Its profile and its exceptions stand once, the rights of a path are joined. Borrowed;
 * "" if nothing can be added. Paths and texts are the function's word: control characters in texts
 * and lines are written as in C, those of `path` are not changed.
 *
 * Safe:   any thread, while nobody frees the list.
 * Cancel: no cancellation point.
 * Source: own.
 */
size_t procspawn_needs_count(const procspawn_needs *needs);
const struct procspawn_need *procspawn_needs_at(const procspawn_needs *needs, size_t index);
bool procspawn_needs_truncated(const procspawn_needs *needs);
const char *procspawn_needs_code(const procspawn_needs *needs);

/*
 * The list as JSON: an object with "version" (1), "needs", "code" and "truncated". A need is an
 * object with "syscall" (if known), "number", "text", "path" (if there is one, with control
 * characters as in text), "count", "profile" ("compute", "files", "network"; null: none), "line" or
 * "reason". A new reference; NULL when out of memory.
 *
 * Safe:   any thread, while nobody frees the list.
 * Cancel: no cancellation point.
 * Source: own.
 */
json_t *procspawn_needs_json(const procspawn_needs *needs);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
