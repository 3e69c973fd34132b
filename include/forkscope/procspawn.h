/*
 * procspawn.h - call a function in a process of its own
 *
 * procspawn() runs a function of this program in another process and hands its result back. The
 * argument and the result are JSON values (jansson). Whatever happens to that process - a crash, a
 * hang, an exit, a kill - comes back as a procspawn_error; this program goes on.
 *
 * The processes are forked by a fork server, itself forked by procspawn_init() while the program
 * has one thread and little memory. Nothing is ever executed anew: a child is the same image as the
 * caller, in the state it had at init, but for what follows the caller. The caller is the calling
 * thread. No child has a right that its caller lacks at the time of the call. What a child has, and
 * has not:
 *
 *   memory              that of the program at init, libraries and mappings included; what it
 *                       writes is its own, but for shared mappings. All children have the same
 *                       addresses, and what libraries keep secret since before init
 *   threads, locks      one thread; of locks those that were held at init
 *   descriptors         the standard streams, what came with the argument (procspawn_function), and
 *                       one or two sockets of the library's, which are not to be closed
 *   signals             the default action of each, none blocked, none pending; but for SIGSEGV,
 *                       SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS and SIGTRAP, which have handlers
 *                       that report the crash, on a stack of their own in the main thread. The
 *                       function may replace them: what it then dies of has no backtrace.
 *                       procspawn_config_panic_handling() leaves them out
 *   timers              none: neither alarms nor those of timer_create(2)
 *   session, group      a process group of its own, in a session of the server's without terminal
 *   parent              a process of the library's (getppid(2)), with which it ends. What it starts
 *                       and abandons is its own child again (a subreaper, prctl(2))
 *   locale              that of init (setlocale(3))
 *   random generators   the state of init: rand(3), and what libraries have seeded before, give the
 *                       same numbers in each child. Seed them in the callback of the configuration
 *   secrets of ours     each process draws its own. So does jansson for its hash tables, without
 *                       which a child could send what takes minutes to decode here: but only if no
 *                       JSON object was made before init, or, where jansson is linked as an
 *                       archive, if none of them is left. One that is stays readable in children,
 *                       and then they know the program's secret
 *   environment, directory, umask, resource limits
 *                       the caller's at the time of the call
 *   rights              the caller's at the time of the call: ids, groups, capabilities in all
 *                       sets, securebits, no_new_privs. What a program gives up after init, its
 *                       children do not have. Root directory, namespaces, filters: those of init;
 *                       a caller with others has no child (procspawn_builder_allow_rights)
 *   scheduling          the caller's at the time of the call: policy, priority, niceness,
 *                       processors, as a child of fork(2) would have them; never SCHED_DEADLINE
 *   everything else     that of init: cgroup, out-of-memory score, I/O priority, timer slack, what
 *                       a core dump holds, whether the process is dumpable. The name that ps(1)
 *                       shows is one of the library's (procspawn_builder_name)
 *
 * The same holds for a pool's workers, with its thread as the caller (pool.h), and with fewer
 * rights for what a child calls in turn (procspawn_builder_may_spawn).
 *
 * The usual order of calls:
 *
 *     int main(int argc, char **argv)
 *     {
 *         procspawn_init(argc, argv);                           once, first thing in main
 *         procspawn(function, argument, &handle);               starts the call
 *         procspawn_join(handle, &result, &error);              waits for it
 *         procspawn_handle_free(handle);
 *         procspawn_fini();                                     nothing is left running
 *     }
 *
 * Every process started here ends with this program at the latest, also when it is killed.
 *
 * The library has no thread of its own in this program but for those of pools (pool.h), and for a
 * short time one that closes descriptors that children have sent and that were not claimed
 * (value.h).
 *
 * Times are nanoseconds from now, on CLOCK_MONOTONIC. Functions return 0 or a negative value: a
 * negative errno value or one of the PROCSPAWN_E* codes of error.h. Out-parameters (ret_*) are
 * untouched on failure.
 */
#ifndef FORKSCOPE_PROCSPAWN_H
#define FORKSCOPE_PROCSPAWN_H

#include <forkscope/error.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * A function that can be called in another process. It gets the argument (borrowed, never NULL) and
 * returns a new reference that the library takes. Returning NULL is a failure of the call.
 *
 * It has the three standard streams and the descriptors that came with its argument, and no others
 * of the program's. The lowest 64 numbers that were open at init are held by a read-only /dev/null:
 * writing to a stream that was opened before init fails (EBADF) and never reaches another file.
 *
 * When it has returned its process flushes the standard streams, answers, and ends by _exit(2): no
 * exit handler runs. Threads and processes that it has started end with it. A process that does not
 * come to its end is killed two seconds after its answer was received; the answer stands.
 *
 * It may leave by exit() or quick_exit(), which ends the call with remote close and the status.
 * Handlers that it registered itself (atexit, on_exit, at_quick_exit) run then, exit() flushes, and
 * handlers that the program registered before init run in no child, however it ends.
 */
typedef json_t *procspawn_function(json_t *argument);

/*
 * One call in a process of its own. Belongs to one thread at a time; procspawn_kill is the
 * exception. And it belongs to the process that made the call: in one that was forked every use of
 * it fails with PROCSPAWN_ENOTOWNER (procspawn_pid gives 0, and what gives a descriptor gives -1),
 * freeing it frees memory only, and the call goes on undisturbed.
 *
 * A program that closes all descriptors, as daemons do, does so before init. After that new calls
 * fail with PROCSPAWN_ESERVER, and those that were made with kind IO and EBADF; pools fail within
 * two seconds, and procspawn_fini() ends what is left. What the program has by the numbers then is
 * not read, written or closed, if no thread closes what another one is using just then. The
 * library's descriptors are close-on-exec.
 */
typedef struct procspawn_handle procspawn_handle;

/* ---------------------------------------------------------------------------------------------
 * Start and end
 */

/*
 * Forks the fork server. Call it early in main, before any thread exists; what happened before is
 * what every child sees. All buffered stdio output is flushed first. argc and argv are what
 * procspawn_args() gives in the children; they must stay valid.
 *
 * Returns 0, or
 *   PROCSPAWN_ETHREADS   there is a second thread already (those of a sanitizer do not count)
 *   -EALREADY            this process has called it before, or is a child of the library's
 *   PROCSPAWN_ESTART     the fork server did not come up within five seconds, or what
 *                        procspawn_config_start_timeout() says
 *   -errno               no process, descriptor or memory could be had
 *   -EPERM, -ENOSYS      a system call that the fork server cannot do without is refused, as by a
 *                        filter of a container
 *
 * The call belongs to the calling process: after a fork() the new process must call it again. A
 * program that executes itself or another one ends all that it had started, as by SIGKILL; init in
 * the new image reaps what is left of the fork server before, which no wait() sees. Without a /proc
 * of its own that stays a zombie until the process ends.
 *
 * It wraps jansson's allocation functions (json_set_alloc_funcs) until procspawn_fini(): jansson
 * makes a wrong value of a text, or fails an assertion, where it cannot get memory for a part of
 * it. A program that has functions of its own sets them before; set later they replace this
 * protection, unless they call those that they replace.
 *
 * Safe:   from the only thread of the process.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, init; CPython's forkserver.
 */
int procspawn_init(int argc, char **argv);

/*
 * Ends everything that was started: every process gets SIGTERM, those that are left after a grace
 * of two seconds SIGKILL, and the call returns when all are gone, the fork server included; after
 * six seconds at the latest, for then the fork server itself is killed, with which all end. What
 * even that does not end within a second, as a process of another user, is not waited for. Handles
 * stay valid and report remote close, those of calls that waited in a pool CANCELLED; handles and
 * pools are still to be freed. procspawn_init() may be called again. Leaving the program without it
 * ends everything by SIGKILL.
 *
 * procspawn_fini_timeout does the same within timeout nanoseconds (negative: for ever): the grace
 * is two seconds, or a third of the timeout if that is less, so that SIGKILL comes long before it
 * is over. A timeout of 0 kills at once and does not wait.
 *
 * Returns 0, or
 *   PROCSPAWN_ENOTINIT   there is nothing to end, or it is not this process's: in children, and in
 *                        processes that the program has forked
 *   -ETIMEDOUT           procspawn_fini_timeout only: not all were gone within timeout. The grace
 *                        of the first call goes on to bound them, and nothing new is started:
 *                        calls and pools are refused with PROCSPAWN_ENOTINIT, procspawn_init()
 *                        with -EALREADY. Either function is to be called again, to wait on;
 *                        procspawn_fini() kills the fork server if six more seconds do not do
 *
 * Safe:   when no other thread is in a procspawn_* function.
 * Cancel: no cancellation point.
 * Source: own; the steps are those of a service manager's stop.
 */
int procspawn_fini(void);
int procspawn_fini_timeout(int64_t timeout);

/*
 * The arguments given to procspawn_init(), in a child as well as in the program itself. Both
 * out-parameters are borrowed for the life of the process. In a child 0 arguments are reported if
 * the configuration switched their passing off.
 *
 * Returns 0, or PROCSPAWN_ENOTINIT; that also in a process that the program has forked.
 *
 * Safe:   any thread, any process of the tree.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, ProcConfig::pass_args.
 */
int procspawn_args(int *ret_argc, char ***ret_argv);

/* ---------------------------------------------------------------------------------------------
 * Configuration: for programs that need more than procspawn_init()
 */

typedef struct procspawn_config procspawn_config;

/*
 * A new configuration with the defaults: no callback, arguments passed, failures and backtraces
 * captured and symbolised, as many spares as the machine suggests. Returns NULL when out of memory.
 * procspawn_config_free accepts NULL.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, ProcConfig.
 */
procspawn_config *procspawn_config_new(void);
void procspawn_config_free(procspawn_config *config);

/*
 * Setters. callback runs in every child when it is taken for a call, before the function.
 * pass_args: whether children see the arguments. panic_handling: whether crashes are caught for a
 * report (off: they die silently by their signal). capture_backtraces, resolve_backtraces: whether
 * a failure carries frames, and whether these carry symbols; the cause of a crash and the text of
 * an assertion are told either way. spares: how many children are forked ahead of need, 0 for none,
 * -1 for the default. start_timeout: how many nanoseconds init waits for the fork server before it
 * ends that and fails; five seconds unless set, negative: for ever.
 *
 * Safe:   one thread at a time for each configuration.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, ProcConfig.
 */
void procspawn_config_callback(procspawn_config *config, void (*callback)(void *), void *argument);
void procspawn_config_pass_args(procspawn_config *config, bool enabled);
void procspawn_config_panic_handling(procspawn_config *config, bool enabled);
void procspawn_config_capture_backtraces(procspawn_config *config, bool enabled);
void procspawn_config_resolve_backtraces(procspawn_config *config, bool enabled);
void procspawn_config_spares(procspawn_config *config, int count);
void procspawn_config_start_timeout(procspawn_config *config, int64_t timeout);

/*
 * callback runs in every child when the called function has returned or has called exit(3),
 * quick_exit(3) or procspawn_panic(), before the caller gets the answer. In a worker of a pool it
 * runs after each call, so nothing is lost when the worker is killed later. It does not run after
 * _exit(2) or a crash. It is part of the call for the run limit.
 *
 * Coverage and profiles need it. A child ends by _exit(2), so counts that are written at exit are
 * lost with it. A program that is built with gcc --coverage keeps those of its children with two
 * callbacks, this one and that of procspawn_config_callback(), which drops the counts that the
 * program had at init:
 *
 *     void begin(void *unused) { __gcov_reset(); }
 *     void end(void *unused) { __gcov_dump(); __gcov_reset(); }
 *
 * With clang -fprofile-instr-generate the functions are __llvm_profile_reset_counters() and
 * __llvm_profile_write_file(), and LLVM_PROFILE_FILE contains %m, so that processes add to one
 * file. The library cannot do it by itself: compilers put these functions into a program only if it
 * refers to them, and hide them from libraries. Sanitizers report what they find at once and need
 * no callback; for leaks of a called function it calls __lsan_do_recoverable_leak_check().
 *
 * Safe:   one thread at a time for each configuration.
 * Cancel: no cancellation point.
 * Source: own; gcc's manual, "Profiling and Test Coverage in Freestanding Environments".
 */
void procspawn_config_end_callback(procspawn_config *config, void (*callback)(void *),
                                   void *argument);

/*
 * How many children a child may have at a time, and how many all children together: 64 and 1,024
 * unless set, 0 for none. A child that was requested and not used yet counts, and so does each
 * worker of a pool. Beyond the limit a call in a child fails with PROCSPAWN_ELIMIT, and a worker of
 * a child's pool cannot be started (procspawn_pool_failure, pool.h). The program itself has no
 * limit.
 *
 * Safe:   one thread at a time for each configuration.
 * Cancel: no cancellation point.
 * Source: own; RLIMIT_NPROC binds no process that a server forks.
 */
void procspawn_config_nested(procspawn_config *config, unsigned each, unsigned all);

/*
 * procspawn_init() with a configuration, which is copied. Same returns.
 *
 * Safe:   from the only thread of the process.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, ProcConfig::init.
 */
int procspawn_init_with(const procspawn_config *config, int argc, char **argv);

/* ---------------------------------------------------------------------------------------------
 * Calls
 */

/*
 * Calls function(argument) in a new process. The argument is borrowed and encoded before the call
 * returns; NULL stands for JSON null.
 *
 * Returns 0 and a new handle, or
 *   PROCSPAWN_EJSON      the argument cannot be encoded, or is nested deeper than 2,048
 *   PROCSPAWN_EVALUE     the argument has a placeholder that stands for nothing (value.h)
 *   PROCSPAWN_EDESCRIPTORS  it has more than PROCSPAWN_DESCRIPTORS_MAX of them
 *   -EBADF               one of them is for a descriptor that is not open
 *   PROCSPAWN_EFUNCTION  the function lies in no module that a child could have: in none at all, or
 *                        in a library without a build-id that was not loaded at init
 *   PROCSPAWN_ENOTINIT   procspawn_init() has not been called in this process
 *   PROCSPAWN_ERIGHTS    the caller may have no such child: it has left the place of init
 *                        (procspawn_builder_allow_rights), is a function that may have none
 *                        (procspawn_builder_may_spawn), or has called procspawn_leave_server()
 *   PROCSPAWN_ESERVER    the fork server is gone, has not answered for ten seconds, which
 *                        procspawn_builder_total_limit() makes shorter, or has only children that
 *                        die as soon as they are born
 *   PROCSPAWN_ELIMIT     in a child: there are as many children of children as there may be
 *                        (procspawn_config_nested)
 *   -EAGAIN, -ENOMEM, -EMFILE ...  no process, memory or descriptor could be had
 * What is refused in the child while it is made as asked - ids, limits, a directory - is no error
 * here but one of the call, of kind SETUP.
 *
 * Safe:   any thread, any process of the tree.
 * Cancel: a cancellation point before anything was started, never after.
 * Source: procspawn 1.0.1, spawn.
 */
int procspawn(procspawn_function *function, json_t *argument, procspawn_handle **ret_handle);

/*
 * Switches off, for this process and the children it makes later, the check that a function lies in
 * the same module on both sides. Functions then travel as bare addresses of the image at init. The
 * caller guarantees that no call is made of a function in a library loaded after init, or in memory
 * made later: in the child such an address may contain anything. Without this call the check is
 * always on.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, assert_spawn_is_safe.
 */
void procspawn_assert_spawn_is_safe(void);

/*
 * Waits for the result. Either the function's result is given as a new reference, or an error that
 * the caller frees; the other out-parameter stays untouched. Both may be NULL if not wanted.
 *
 * Returns 0 for a result, or
 *   PROCSPAWN_ECALL      the call failed: *ret_error says how
 *   -ETIMEDOUT           procspawn_join_timeout only: no end of the call within timeout
 *                        nanoseconds, or its result is still being decoded; nothing is lost, and
 *                        it can be joined again. The timeout bounds the wait of the caller, not
 *                        the call; procspawn_builder_total_limit bounds that
 *   -ECANCELED           the calling task is asked to end (scope.h); nothing is lost
 *   -EMFILE, -ENFILE, -ENOMEM   this process has no room for a descriptor that came with the
 *                        answer, or no memory to receive it; nothing is lost, and it can be joined
 *                        when there is room. -ENOMEM also: the error could not be built. It is
 *                        lost, and the next join is one after PROCSPAWN_ECALL
 *   PROCSPAWN_ENOTOWNER  the call is another process's, of which this one is a copy
 * A second join after the first 0 or PROCSPAWN_ECALL is PROCSPAWN_ECALL with kind CONSUMED. A
 * timeout of 0 asks without waiting; a negative one waits for ever.
 *
 * A join with a time limit gives a result that has come a tenth of a second to be decoded, even
 * beyond that limit: so it has results of ordinary size at once. A result of more than 256 KiB of
 * text is decoded by a thread, which goes on when the join gives up. The descriptor of the handle
 * is readable meanwhile, at the latest when the process has ended; each later join waits at least a
 * hundredth of a second for the value, so that a loop does not keep a processor busy. If no thread
 * can be had, the join decodes by itself, whatever the time. Freeing the handle stops the decoding.
 *
 * Safe:   one thread at a time for each handle.
 * Cancel: a cancellation point; the call goes on, the handle stays valid.
 * Source: procspawn 1.0.1, JoinHandle::join and join_timeout (repeatable here).
 */
int procspawn_join(procspawn_handle *handle, json_t **ret_result, procspawn_error **ret_error);
int procspawn_join_timeout(procspawn_handle *handle, int64_t timeout, json_t **ret_result,
                           procspawn_error **ret_error);

/*
 * Kills the process and all of its group, and does not wait for it. A result that was sent before
 * stands. Killing a call that has ended does nothing. Where the process or something that it
 * started cannot be ended (it waits in the kernel, or has other ids), a join of the call ends after
 * two seconds; procspawn_wait_timeout() continues to wait.
 *
 * Returns 0, or
 *   PROCSPAWN_ESERVER    the fork server is gone, and the process with it; or it does not answer;
 *                        or this process has left it (procspawn_leave_server)
 *   PROCSPAWN_ENOTOWNER  as for procspawn_join()
 *
 * Safe:   any thread, also while another one joins.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, JoinHandle::kill.
 */
int procspawn_kill(procspawn_handle *handle);

/*
 * Asks the process group to end with a signal, and kills it if it is still there after grace
 * nanoseconds. Does not wait for it.
 *
 * Returns 0, -EINVAL for no valid signal or a negative grace, or as procspawn_kill().
 *
 * Safe:   any thread, also while another one joins.
 * Cancel: no cancellation point.
 * Source: own; reproc's stop.
 */
int procspawn_terminate(procspawn_handle *handle, int signal, int64_t grace);

/*
 * Waits until the process is gone and reaped, and gives what it used (may be NULL). Does not
 * consume the result. procspawn_wait_timeout waits at most timeout nanoseconds (negative: for
 * ever).
 *
 * Returns 0, or
 *   -ETIMEDOUT           procspawn_wait_timeout only: the process is not gone yet
 *   -ECANCELED, PROCSPAWN_ENOTOWNER   as in procspawn_join
 *   -ENOTSUP             the usage of a pool's call is asked for (pool.h)
 *   PROCSPAWN_ESERVER    the server died. The process, and everything that it had started, is gone
 *                        and reaped; the usage is not known. If the server's parent, which ends
 *                        what a dead server leaves, died as well, the process has been killed, and
 *                        nothing can say when it is gone
 *   -EMFILE, -ENFILE, -ENOMEM   as in procspawn_join: the answer, which comes before the end,
 *                        cannot be received now
 *
 * Safe:   one thread at a time for each handle.
 * Cancel: a cancellation point; the handle stays valid.
 * Source: wait4(2).
 */
int procspawn_wait(procspawn_handle *handle, struct rusage *ret_usage);
int procspawn_wait_timeout(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage);

/*
 * The process id. It stays the process's own until procspawn_wait_timeout() has returned 0; signal
 * the process by procspawn_kill or procspawn_terminate, which cannot reach another process. The id
 * changes in a join or wait that learns that the process died before it took the call, and that a
 * new process took it.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, JoinHandle::pid.
 */
pid_t procspawn_pid(const procspawn_handle *handle);

/*
 * A descriptor that becomes readable when procspawn_join_timeout(handle, 0, ...) has something to
 * do; that call may still say -ETIMEDOUT. Borrowed: it lives as long as the handle and is only for
 * poll, select and epoll.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: own.
 */
int procspawn_fd(const procspawn_handle *handle);

/*
 * The caller's ends of the streams that a builder made pipes, or -1. They belong to the handle and
 * are closed with it. The _claim forms hand the descriptor over: the caller closes it.
 *
 * Safe:   one thread at a time for each handle.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, JoinHandle::stdin, stdout, stderr.
 */
int procspawn_stdin(const procspawn_handle *handle);
int procspawn_stdout(const procspawn_handle *handle);
int procspawn_stderr(const procspawn_handle *handle);
int procspawn_stdin_claim(procspawn_handle *handle);
int procspawn_stdout_claim(procspawn_handle *handle);
int procspawn_stderr_claim(procspawn_handle *handle);

/*
 * Frees the handle. A call that was not joined goes on, detached, until it ends by itself or with
 * this program; it leaves no zombie. NULL is fine.
 *
 * Safe:   one thread at a time for each handle.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, JoinHandle's drop.
 */
void procspawn_handle_free(procspawn_handle *handle);

/* ---------------------------------------------------------------------------------------------
 * Builder: calls that differ from the caller's own state
 */

typedef struct procspawn_builder procspawn_builder;

/*
 * A new builder that changes nothing. Reusable: each procspawn_builder_spawn() reads it. NULL when
 * out of memory; procspawn_builder_free accepts NULL.
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
 * A hook that runs in the child after everything else is set up and before the function. A negative
 * errno value from it makes the call fail with kind SETUP. The argument is a pointer of the image
 * at init: static data is valid, later allocations are not. procspawn_builder_pre_exec is another
 * name of procspawn_builder_hook, known from Rust; no program is executed after the hook.
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
 * How many bytes of memory a process may use beyond what it has at its start, which is the image of
 * the program at init; 0 is no limit. So the limit means the same in a small program and in one
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
 * Beyond the limit malloc(3) returns NULL and mmap(2) fails with ENOMEM. That is the function's to
 * handle: a call that crashes for it has failed with that crash, and not for
 * PROCSPAWN_CAUSE_OUT_OF_MEMORY, which means the kernel's killer. If there is no room for the
 * argument or the result, the call fails with kind JSON or IO. Without /proc calls with a limit
 * fail with kind SETUP.
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
 * Kinds of restriction that a program can enter after init, and its children cannot follow. Flags,
 * one a kind.
 */
enum procspawn_rights {
    PROCSPAWN_RIGHTS_ROOT = 1 << 0,     /* root directory, or mount namespace */
    PROCSPAWN_RIGHTS_NETWORK = 1 << 1,  /* network namespace */
    PROCSPAWN_RIGHTS_USER = 1 << 2,     /* user namespace */
    PROCSPAWN_RIGHTS_SECCOMP = 1 << 3,  /* a seccomp filter */
    PROCSPAWN_RIGHTS_LANDLOCK = 1 << 4  /* a Landlock domain */
};

/*
 * Children are forked from the program as it was at init, and would bypass such a restriction. So a
 * call from another place than that of init, of the calling thread, fails with PROCSPAWN_ERIGHTS,
 * and so does the building of a pool. This allows it for some kinds (any of the flags above, 0 for
 * none, which is the default). A child that is made so is in the place of init, and has no nested
 * calls; out of another user namespace it also has the ids, groups and capabilities of init, since
 * those of the caller mean nothing there.
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
 * A name for the process, as ps(1) shows it (the first 15 bytes); without one it is called
 * "forkscope-serve", as its server. Copied. Returns 0 or -ENOMEM.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: prctl(2), PR_SET_NAME.
 */
int procspawn_builder_name(procspawn_builder *builder, const char *name);

/*
 * procspawn() with the builder's changes (NULL: none). Same returns, -ETIMEDOUT when the builder's
 * total limit passed before there was a process for the call, -EBADF and -EINVAL for a standard
 * stream (procspawn_builder_stdin), and -errno for a pipe that could not be had.
 *
 * Safe:   any thread; one at a time for each builder.
 * Cancel: a cancellation point before anything was started, never after.
 * Source: procspawn 1.0.1, Builder::spawn.
 */
int procspawn_builder_spawn(procspawn_builder *builder, procspawn_function *function,
                            json_t *argument, procspawn_handle **ret_handle);

/* ---------------------------------------------------------------------------------------------
 * In the child
 */

/*
 * For a function that is about to give up rights by itself: capabilities, a root directory, system
 * calls. From now on this process has no connection to the fork server, by which it could bypass
 * its restriction: calls and new pools fail with PROCSPAWN_ERIGHTS, for good. Calls that were made
 * before go on, and can be joined; they cannot be killed any more (PROCSPAWN_ESERVER), and end with
 * this process. In a pool's worker it holds for all later calls of the worker.
 *
 * Returns 0, also when it has been called before, or -EPERM outside of a called function's process.
 *
 * Safe:   any thread of a child, while no other one is in a procspawn_* function.
 * Cancel: no cancellation point.
 * Source: own; least privilege.
 */
int procspawn_leave_server(void);

/*
 * Ends the call with a failure: the caller's join gives kind PANIC with this message, place and a
 * backtrace. Does not return. Outside of a spawned function it aborts the process.
 *
 * Safe:   any thread of a child.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, panic handling.
 */
#define procspawn_panic(...) procspawn_panic_at(__FILE__, __LINE__, __func__, __VA_ARGS__)

void procspawn_panic_at(const char *file, int line, const char *function, const char *format, ...)
    __attribute__((format(printf, 4, 5), noreturn));

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
