/*
 * pool.h - call functions in processes that are used again
 *
 * A pool holds a number of worker processes. Each works off one call after the other, and what a
 * call leaves behind - static variables, an open database, loaded libraries - is there for the next
 * one in the same worker. A worker that crashes, exits, is killed, or hangs until a limit ends it,
 * costs only the call it was at, and is replaced.
 *
 * A call of a pool is a procspawn_handle like any other: joined, killed and freed by the functions
 * of procspawn.h. The usual order of calls:
 *
 *     procspawn_pool_new(4, &pool);                      after procspawn_init()
 *     procspawn_pool_spawn(pool, function, argument, &handle);   often, from any thread
 *     procspawn_join(handle, &result, &error);
 *     procspawn_handle_free(handle);
 *     procspawn_pool_shutdown(pool);                     waits for all calls, ends the workers
 *     procspawn_pool_free(pool);
 *
 * What differs for a handle that came from a pool:
 * - procspawn_pid() is 0 while the call is queued and after its end; else it is the worker's.
 * - procspawn_kill() and procspawn_terminate() of a queued call take it out of the queue: it fails
 *   with kind CANCELLED. Of a running one they end the worker, which is replaced; the next call of
 *   the worker is never hit. A call that has ended cannot be killed. A sharper end may follow: a
 *   kill, a shorter grace, a limit of the call or the end of the pool ends a grace that still runs.
 *   A call that answers within its grace has succeeded.
 * - procspawn_wait_timeout() waits for the end of the call, and is -ENOTSUP if it is asked for the
 *   usage.
 * - procspawn_kill() and procspawn_terminate() need no fork server and never say PROCSPAWN_ESERVER.
 * - procspawn_fd() may be -1 when no descriptor can be had; it can be asked for again.
 * - procspawn_handle_free() of a call that was not joined lets it go on; its result is thrown away.
 * - procspawn_panic() ends the worker. A function that returns NULL, or a value that cannot be
 *   encoded, fails its call and leaves the worker in service.
 * - A worker of which earlier calls have made what cannot begin another one (without room for a
 *   descriptor, in a user namespace of its own) is replaced; the call is made by another worker,
 *   unless it came with descriptors: then it fails with kind SETUP. That is about accidents.
 *   Foreign code that took a worker over has the calls that come to it later as well: it can answer
 *   them, or leave them without an answer until a limit ends them. It needs processes of its own
 *   (procspawn()).
 * - A worker that sends a malformed message is ended: its call fails with kind IO. What other
 *   processes send on its channel is ignored.
 *
 * A worker has the state that this program had when the worker was started - working directory,
 * umask, ids, groups, limits, standard streams - but for the environment, which is that at the time
 * when the pool was built, and for what belongs to one thread: capabilities, securebits,
 * no_new_privs, scheduling, filters and namespaces are those that the thread that built the pool
 * had then. What a call changes of it stays for the next call.
 *
 * So a program may build a pool first and give up rights then: it keeps its workers, and those that
 * replace them. But a worker serves the user whom it was started for, and root: after a change of
 * user by setuid(2) older workers are replaced when a call is sent to them, and it is made by
 * another one; the first call of an older worker fails with kind SETUP. After a chroot(2) no worker
 * is replaced, unless procspawn_builder_allow_rights() allows it: the pool fails.
 *
 * Arguments and results of more than 48 KiB travel in memory that the pool shares with the worker.
 * Up to 4 MiB it stays until the worker ends: as much as the longest argument took, and as much for
 * results, and a descriptor of the pool's process for each such worker. Longer ones, and those of
 * workers whose calls start fresh, get new memory each time. No worker sees what another one had.
 *
 * A pool belongs to the process that made it, which may be a child itself. It has one thread, with
 * all signals blocked, that looks after the calls that no other thread waits for.
 *
 * A pool that is NULL is refused with -EINVAL by the functions below that return a status; its
 * counts are 0, and to free or to kill it does nothing.
 *
 * In a process that the owner has forked, the functions below and those of a pool's handles return
 * PROCSPAWN_ENOTOWNER, counts and procspawn_pid() are 0, procspawn_fd() is -1, and the owner's pool
 * and calls go on unharmed. Only procspawn_pool_spawn() says PROCSPAWN_ENOTINIT there, as
 * procspawn() does, until that process has called procspawn_init(). procspawn_pool_free() and
 * procspawn_handle_free() free its memory and close nothing: the descriptors are the owner's.
 *
 * Fork:   a forked process makes no pool: PROCSPAWN_ENOTINIT, until it has called procspawn_init()
 *         itself.
 */
#ifndef FORKSCOPE_POOL_H
#define FORKSCOPE_POOL_H

#include <forkscope/procspawn.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * A pool of workers. Made by procspawn_pool_new() or procspawn_pool_builder_build().
 *
 * Fork:   in a forked process the functions return PROCSPAWN_ENOTOWNER, counts are 0, and to free
 *         the pool frees memory only. The pool and its calls go on.
 */
typedef struct procspawn_pool procspawn_pool;

/*
 * A pool of `size` workers, which are started in the background. Calls can be made at once.
 *
 * Returns 0 and a new pool, or
 *   -EINVAL              a size of 0
 *   PROCSPAWN_ENOTINIT   procspawn_init() has not been called in this process
 *   PROCSPAWN_ERIGHTS    the caller may have no such children (procspawn_builder_may_spawn(),
 *                        procspawn_builder_allow_rights())
 *   -EAGAIN, -ENOMEM, -EMFILE ...  no thread, memory or descriptor could be had
 *
 * Safe:   any thread, any process of the tree.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Pool::new.
 */
int procspawn_pool_new(unsigned size, procspawn_pool **ret_pool);

/*
 * Frees a pool. What still runs is killed, and all workers are waited for until they are gone. A
 * worker is gone when it has been reaped with all that it started, also where its fork server died.
 * Calls that had not ended fail as with procspawn_pool_kill(); their handles stay valid and are
 * still to be freed. NULL is fine. To wait for calls with a limit, call
 * procspawn_pool_shutdown_timeout() before.
 *
 * procspawn_pool_free_timeout waits at most timeout nanoseconds (negative: for ever).
 *
 * procspawn_pool_free_timeout returns 0, or
 *   -ETIMEDOUT   there are workers left, which have been killed; the pool is still there as after
 *                procspawn_pool_kill(), and has to be freed again
 *
 * Safe:   one thread, when no other one uses the pool; handles may be in use.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Pool's drop.
 */
void procspawn_pool_free(procspawn_pool *pool);
int procspawn_pool_free_timeout(procspawn_pool *pool, int64_t timeout);

/* ---------------------------------------------------------------------------------------------
 * Calls
 */

/*
 * Calls function(argument) in a worker: at once if one is idle, else as soon as one is, in the
 * order in which the calls were made. The argument is borrowed and encoded before the call returns;
 * NULL stands for JSON null. The call does not wait, whatever the size of the argument. Its limit
 * is that of procspawn_builder_total_limit() for procspawn_pool_builder_process(), or none;
 * procspawn_start() (call.h) takes one for a single call.
 *
 * Returns 0 and a new handle, or
 *   -EINVAL              the pool is NULL
 *   PROCSPAWN_EJSON      the argument cannot be encoded, or is nested deeper than 2,048
 *   PROCSPAWN_EVALUE, PROCSPAWN_EDESCRIPTORS, -EBADF
 *                        its placeholders cannot be sent, as with procspawn()
 *   PROCSPAWN_EFUNCTION  the function lies in no module that a worker could have
 *   PROCSPAWN_EPOOL      the pool has failed: procspawn_pool_failure() says why
 *   PROCSPAWN_ESHUTDOWN  the pool was shut down or killed, or procspawn_fini() was called
 *   PROCSPAWN_ENOTINIT, PROCSPAWN_ENOTOWNER
 *                        this process is a copy of the pool's owner, as said above
 *   -EAGAIN              the queue is full: procspawn_pool_builder_queue_limit()
 *   -ENOMEM, -EMFILE ...  no memory or descriptor could be had
 *
 * Safe:   any thread of the pool's process.
 * Cancel: a cancellation point before anything was started, never after.
 * Source: procspawn 1.0.1, Pool::spawn.
 */
int procspawn_pool_spawn(procspawn_pool *pool, procspawn_function *function, json_t *argument,
                         procspawn_handle **ret_handle);

/*
 * Room in the queue of a pool with procspawn_pool_builder_queue_limit(). The wait lasts until the
 * pool would take a call, at most timeout nanoseconds (negative: for ever). Nothing is reserved:
 * another thread may take the room first, and the caller's call is refused with -EAGAIN then.
 *
 * procspawn_pool_room_fd gives a descriptor that is readable while there is room, for loops around
 * poll(2) or epoll(7). It is borrowed: it is closed with the pool, and must not be read. It stays
 * readable once the pool takes no more calls, so that a loop learns that from its next call. A pool
 * without a limit always has room.
 *
 * The wait returns 0, -ETIMEDOUT, PROCSPAWN_EPOOL or PROCSPAWN_ESHUTDOWN when the pool takes no
 * more calls, -ECANCELED when the calling task is asked to end (scope.h), or -EMFILE, -ENFILE,
 * -ENOMEM when no descriptor could be had to wait with. procspawn_pool_room_fd returns 0 and sets
 * *ret_fd, or -EMFILE, -ENFILE, -ENOMEM. Both PROCSPAWN_ENOTOWNER.
 *
 * Safe:   any thread of the pool's process.
 * Cancel: the wait is a cancellation point; procspawn_pool_room_fd is none.
 * Source: own; Java's ThreadPoolExecutor with a bounded queue; scoped_scope_room_fd.
 */
int procspawn_pool_wait_room(procspawn_pool *pool);
int procspawn_pool_wait_room_timeout(procspawn_pool *pool, int64_t timeout);
int procspawn_pool_room_fd(procspawn_pool *pool, int *ret_fd);

/* ---------------------------------------------------------------------------------------------
 * The pool as a whole
 */

/*
 * The numbers of workers, of calls that wait for one, and of workers at a call. A worker that is
 * just being replaced counts. The functions do not wait, and may be asked as often as one likes:
 * threads that do so in a loop do not hold up others.
 *
 * Safe:   any thread of the pool's process.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Pool::size, queued_count, active_count.
 */
unsigned procspawn_pool_size(procspawn_pool *pool);
unsigned procspawn_pool_queued_count(procspawn_pool *pool);
unsigned procspawn_pool_active_count(procspawn_pool *pool);

/*
 * Waits until no call is queued or active, at most timeout nanoseconds (negative: for ever). The
 * calls' results stay to be joined.
 *
 * Returns 0, -ETIMEDOUT, PROCSPAWN_ENOTOWNER, -ECANCELED when the calling task is asked to end
 * (scope.h), or -EMFILE, -ENFILE, -ENOMEM when no descriptor could be had to wait with; the call
 * can be repeated. With a timeout of 0 it needs none.
 *
 * Safe:   any thread of the pool's process.
 * Cancel: a cancellation point.
 * Source: procspawn 1.0.1, Pool::join.
 */
int procspawn_pool_join(procspawn_pool *pool);
int procspawn_pool_join_timeout(procspawn_pool *pool, int64_t timeout);

/*
 * Accepts no more calls, and waits for those that there are and for the workers. The wait lasts
 * until all workers have ended, at most timeout nanoseconds in all (negative: for ever).
 *
 * Returns 0; PROCSPAWN_ENOTOWNER; or -ETIMEDOUT, -ECANCELED when the calling task is asked to end
 * (scope.h), or -EMFILE, -ENFILE, -ENOMEM when no descriptor could be had to wait with: no call was
 * harmed, new ones are still refused, and the call can be repeated or procspawn_pool_kill() used.
 *
 * Safe:   any thread of the pool's process.
 * Cancel: a cancellation point; what holds after -ETIMEDOUT holds.
 * Source: procspawn 1.0.1, Pool::shutdown.
 */
int procspawn_pool_shutdown(procspawn_pool *pool);
int procspawn_pool_shutdown_timeout(procspawn_pool *pool, int64_t timeout);

/*
 * Kills all workers and does not wait for it. Queued calls fail with kind CANCELLED, running ones
 * with kind REMOTE_CLOSE and cause KILLED. The pool accepts no more calls.
 *
 * Safe:   any thread of the pool's process.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Pool::kill.
 */
void procspawn_pool_kill(procspawn_pool *pool);

/*
 * Why the pool has failed. A pool fails when no worker is left and new ones died, or could not be
 * made, as often in a row as procspawn_pool_builder_attempts() allows; between the attempts it
 * waits, from 10 ms doubling to 1 s. Children that died before anything was sent to them do not
 * count, unless more in a row do than can have waited ahead of need. Queued calls end with this
 * error then. A failed pool stays failed, also when it is shut down or killed. The error is a new
 * one that the caller frees.
 *
 * A start has also failed when the kernel refuses what the builder asks for, when the thread that
 * built the pool may have no child any more (PROCSPAWN_ERIGHTS), and in a child at the limit of
 * nested children (PROCSPAWN_ELIMIT); procspawn_error_errno() tells which. When the fork server is
 * gone, or with PROCSPAWN_ERIGHTS, a pool without a worker fails at the first such start.
 *
 * A shortage - of descriptors, memory or processes, in this process or in the fork server - is no
 * failure: as long as it lasts the pool tries again, from 10 ms doubling to 1 s, and calls wait in
 * the queue. If a limit of a call passes there, its error names the shortage. A result for which
 * this process has no room stays with its worker: procspawn_join() returns -EMFILE or -ENOMEM, and
 * can be called again.
 *
 * Returns 0, -ENODATA if the pool has not failed, PROCSPAWN_ENOTOWNER, or -ENOMEM.
 *
 * Safe:   any thread of the pool's process.
 * Cancel: no cancellation point.
 * Source: own; joblib's loky and pitchfork tell their users likewise.
 */
int procspawn_pool_failure(procspawn_pool *pool, procspawn_error **ret_error);

/* ---------------------------------------------------------------------------------------------
 * Builder: pools that need more than a size
 */

/*
 * What a pool and its workers are like. Made by procspawn_pool_builder_new().
 *
 * Fork:   a forked process has a copy, which it uses and frees by itself.
 */
typedef struct procspawn_pool_builder procspawn_pool_builder;

/*
 * A new builder for pools of `size` workers. Reusable. procspawn_pool_builder_free accepts NULL.
 *
 * Returns NULL when out of memory.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, Pool::builder.
 */
procspawn_pool_builder *procspawn_pool_builder_new(unsigned size);
void procspawn_pool_builder_free(procspawn_pool_builder *builder);

/*
 * The workers' environment, ids, and the hook that each runs when it starts: see the functions of
 * the same names in builder.h. What goes wrong with them in the worker is a failed start.
 *
 * Return 0, -EINVAL for a name that is empty or contains '=', or -ENOMEM.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, PoolBuilder.
 */
int procspawn_pool_builder_env(procspawn_pool_builder *builder, const char *name,
                               const char *value);
int procspawn_pool_builder_envs(procspawn_pool_builder *builder, char *const *variables);
int procspawn_pool_builder_env_remove(procspawn_pool_builder *builder, const char *name);
int procspawn_pool_builder_env_clear(procspawn_pool_builder *builder);
void procspawn_pool_builder_uid(procspawn_pool_builder *builder, uid_t uid);
void procspawn_pool_builder_gid(procspawn_pool_builder *builder, gid_t gid);
void procspawn_pool_builder_hook(procspawn_pool_builder *builder, int (*hook)(void *),
                                 void *argument);
void procspawn_pool_builder_pre_exec(procspawn_pool_builder *builder, int (*hook)(void *),
                                     void *argument);

/*
 * A function that each worker calls before its first call. function(argument) is called once the
 * worker is set up and its hook has run: to open a database, to load a model, to take over a
 * descriptor. What the function leaves behind - static variables, descriptors claimed from the
 * argument (value.h) - is there for the calls. Its result is dropped. The last call of this
 * function counts; a function of NULL means none.
 *
 * The argument (NULL: JSON null) is encoded by procspawn_pool_builder_build() and not changed until
 * then; the builder keeps a reference to it. It may hold bytes, descriptors and shared memory: each
 * worker gets its own duplicates, also one that replaces another. The pool keeps what it needs for
 * that as long as it lives, and the builder's descriptors may be closed after build.
 *
 * A function that returns NULL, calls procspawn_fail() or procspawn_panic(), exits or crashes has
 * failed, and so has the start of its worker: no call is lost, the pool tries again, and fails in
 * the end (procspawn_pool_builder_attempts()). procspawn_pool_failure() has the error then: after
 * procspawn_fail() it is of kind SETUP and quotes the message, else it is as that of a call. No
 * time limit applies. What the function writes to stdout and stderr goes to the worker's streams.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: Python's ProcessPoolExecutor, initializer and initargs.
 */
void procspawn_pool_builder_initializer(procspawn_pool_builder *builder,
                                        procspawn_function *function, json_t *argument);

/*
 * Gives the workers /dev/null for a standard stream.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, PoolBuilder::disable_stdin, disable_stdout, disable_stderr.
 */
void procspawn_pool_builder_disable_stdin(procspawn_pool_builder *builder);
void procspawn_pool_builder_disable_stdout(procspawn_pool_builder *builder);
void procspawn_pool_builder_disable_stderr(procspawn_pool_builder *builder);

/*
 * The builder of the worker processes. It is for everything else that a procspawn_builder can set:
 * streams, captured output (output.h: that of each call is apart), working directory, limits, name.
 * A stream cannot be a pipe. Borrowed: it lives as long as the pool builder.
 *
 * Its time limits are those of each call, not of the worker. run_limit counts from the moment at
 * which the call is sent to an idle worker; total_limit counts from the call, with the wait in the
 * queue. A call whose total limit passes in the queue is never started. The pool's thread keeps
 * both, also while no thread joins.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own.
 */
procspawn_builder *procspawn_pool_builder_process(procspawn_pool_builder *builder);

/*
 * Lets the pool shrink: it starts with `minimum` workers, grows up to its size while calls wait,
 * and ends workers that were idle for idle_limit nanoseconds down to the minimum. 0 is a minimum
 * too.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own; ThreadPoolExecutor's core and maximum sizes.
 */
void procspawn_pool_builder_minimum(procspawn_pool_builder *builder, unsigned minimum,
                                    int64_t idle_limit);

/*
 * Bounds the queue of a pool: at most `calls` calls wait for a worker at a time; 0, the default, is
 * no limit. A call that finds that many in the queue is refused with -EAGAIN, by every function
 * that calls in the pool; so a server can refuse work before it runs out of memory. Calls that a
 * worker has do not count. While the first workers are being started all calls wait, and count. A
 * call that goes back into the queue because its worker could not begin it is never refused.
 *
 * A set (completion.h) fails no call for that: it keeps those that find the queue full, and tries
 * again when one of its calls has ended, and every ten milliseconds.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: Java's ThreadPoolExecutor with a bounded queue.
 */
void procspawn_pool_builder_queue_limit(procspawn_pool_builder *builder, unsigned calls);

/*
 * Replaces workers after a number of calls, or when they have grown. A worker is replaced when it
 * has completed `calls` calls, or when its resident memory after a call is above `bytes`. 0: never.
 * What it shares with the pool for long arguments and results counts: up to 8 MiB.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: multiprocessing.Pool's maxtasksperchild; php-fpm's max_requests.
 */
void procspawn_pool_builder_recycle_after_calls(procspawn_pool_builder *builder, uint64_t calls);
void procspawn_pool_builder_recycle_above_bytes(procspawn_pool_builder *builder, uint64_t bytes);

/*
 * Each call starts from the state of a new process, at a fraction of its price: after the answer to
 * a call the worker's state is put back to what it was when the worker was set up, by builder, hook
 * and initializer. What cannot be put back is noticed, and the worker is replaced; so the pool
 * takes as long for its next call as for a new process. The kernel is asked which pages were
 * written: Linux 6.7 and later tell that quickly, 6.11 and later also which mappings are whole.
 *
 * This isolates accidents. It does not isolate code that takes over the worker: that runs in the
 * same process as the code that puts the state back, and no call after it can be trusted. Untrusted
 * input gets a new process (procspawn()), sandboxed or not. A sandbox for the workers is refused:
 * to put the state back takes system calls, among them those that replace memory and read keyrings,
 * timers and modes, which each profile denies to the code of the call too.
 *
 * Put back:
 * - memory: variables, heap, thread-local storage, environment, locale, stacks, program break; what
 *   the C library and others keep there. New mappings and loaded libraries are removed. Nothing is
 *   freed or called for that: no function of atexit(3), no destructor, no handler of a cancelled
 *   thread runs.
 * - descriptors: standard streams and others of the start are as they were, all others are closed.
 * - signals: actions, mask, alternate stack; pending ones are dropped. Timers of setitimer(2),
 *   alarm(2) and timer_create(2) are gone.
 * - working directory, umask, name, soft limits, scheduling, niceness, I/O priority, processors,
 *   memory policy and locks, personality, floating-point modes, flags of the processor, robust
 *   list, undone semaphores, the keyring of requested keys, and modes of prctl(2): dumpable, death
 *   signal, timer slack, securebits, huge pages, machine checks.
 *
 * Noticed, so that the worker is replaced: a thread, a child, or a process in the same memory that
 * is left; no subreaper any more, since orphans may have gone elsewhere; ids, groups, capabilities,
 * no_new_privs, filters; hard limits that cannot be raised; session, process group, tracer;
 * keyrings; another root directory or namespace; use of io_uring(7), whose requests may not have
 * ended; a robust mutex that is held; code, constants or shared memory that were unmapped, or that
 * are writable; an open file whose close could wait (a terminal, a network file system, a socket
 * that lingers); a file of the initializer whose position, flags or locks have changed, or its
 * eventfd, timerfd, signalfd, epoll or inotify set with other contents; other use of the numbers
 * where the reset has its own descriptors, from 40 on; nested calls, procspawn_leave_server() and
 * procspawn_sandbox_enter().
 *
 * Neither put back nor noticed:
 * - what lies outside the process: contents of files, pipes and sockets, options of sockets, shared
 *   memory, other processes, one that was started with CLONE_PARENT among them; position, flags and
 *   owner (fcntl(2) F_SETOWN, F_SETSIG) of an open file that the worker shares with others, such as
 *   a standard stream; what was read ahead from it;
 * - start time, process id, processor time, peak memory, counters of the kernel: RLIMIT_CPU counts
 *   all calls of a worker;
 * - code or constants that were made writable, changed and protected again, or changed by way of
 *   /proc/self/mem; code, constants or shared memory that were moved, or replaced by a mapping of
 *   the same size and rights; constants and shared memory that lost the right to be read or
 *   written; advice of madvise(2), a policy of mbind(2), a seal of mseal(2) for a whole mapping;
 * - flags and mask of an action that is the default; a signal that another process sends at that
 *   moment;
 * - Landlock rules without no_new_privs, security labels, cgroup, CPU timers' clocks, protection
 *   keys, I/O ports, local descriptor tables, registrations of membarrier(2), a controlling
 *   terminal that is closed again; /proc/self/oom_score_adj, coredump_filter and timens_offsets;
 *   of prctl(2) the command line (PR_SET_MM), the allowed tracer, core scheduling, the flush of
 *   caches, and on aarch64 vector lengths, tagged addresses and pointer authentication; of
 *   arch_prctl(2) the right to cpuid and to more registers.
 *
 * Memory with the advice MADV_WIPEONFORK is wiped before each call, as by a fork, and keeps it; so
 * generators that find a fork by it draw a new seed in each call.
 *
 * jansson's hash seed and the secrets of this library differ from call to call, the seed unless an
 * initializer, a hook or the callback of init ran before: values could depend on it. Other random
 * generators that were seeded before give each call the same numbers. The hook is called in the
 * worker before each call, the first one too, to seed them; what it does is put back afterwards. It
 * must lie in the program or in a library that was loaded at init.
 *
 * A worker takes as much memory again as the program's writable private memory that was touched at
 * init. Memory that a call has written stays with the worker, with its contents put back; where the
 * worker cannot be put back at all (no /proc, a filter that refuses what is needed, a sanitizer, a
 * thread, child, timer or memory lock that the initializer has left) each call has a worker of its
 * own.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own; snapshots of fuzzers (AFL's persistent mode, Nyx) put a process back for each input.
 */
void procspawn_pool_builder_fresh(procspawn_pool_builder *builder);
void procspawn_pool_builder_fresh_hook(procspawn_pool_builder *builder, void (*hook)(void *),
                                       void *argument);

/*
 * The limits of each call's result: see procspawn_builder_result_limit(). A result beyond them
 * fails its call and leaves the worker in service. A result that has not been joined yet takes
 * memory, and only those descriptors that it brings along.
 *
 * procspawn_pool_builder_result_depth returns 0, or -EINVAL for 0 or more than 2,048.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_pool_builder_result_limit(procspawn_pool_builder *builder, uint64_t bytes);
int procspawn_pool_builder_result_depth(procspawn_pool_builder *builder, unsigned depth);

/*
 * How many starts of workers may fail in a row before the pool fails; 10 unless set, 0 counts as 1.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_pool_builder_attempts(procspawn_pool_builder *builder, unsigned attempts);

/*
 * A pool as the builder describes it, which is copied: descriptors are duplicated.
 *
 * Returns what procspawn_pool_new() does; -EINVAL also for a builder that is NULL, a minimum above
 * the size, a sandbox with calls that start fresh, a negative idle_limit, and a stream that is a
 * pipe or of no mode that there is; -EBADF for a stream's descriptor that is not open; and for the
 * initializer and its argument PROCSPAWN_EFUNCTION, PROCSPAWN_EJSON, PROCSPAWN_EVALUE,
 * PROCSPAWN_EDESCRIPTORS and -EBADF, as procspawn_pool_spawn().
 *
 * Safe:   any thread; one at a time for each builder.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, PoolBuilder::build.
 */
int procspawn_pool_builder_build(const procspawn_pool_builder *builder, procspawn_pool **ret_pool);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
