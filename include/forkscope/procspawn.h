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
 *                       addresses, and what libraries keep secret since before init. So that large
 *                       data does not make each process dear, init copies written memory of the C
 *                       library's malloc(3) from 1 MiB on, once, where half of the free memory is
 *                       enough for it. In children it is a mapping of a file then:
 *                       madvise(MADV_DONTNEED) brings back what was loaded instead of zeros, and
 *                       core dumps leave out what was not written
 *   threads, locks      one thread; of locks those that were held at init
 *   descriptors         the standard streams, what came with the argument (procspawn_function), and
 *                       one or two sockets of the library's, which are not to be closed
 *   signals             the default action of each, none blocked, none pending; but for SIGSEGV,
 *                       SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP, SIGQUIT, SIGXCPU and
 *                       SIGXFSZ, which have handlers that report the crash, on a stack of their own
 *                       in the main thread. The function may replace them: what it then dies of has no backtrace.
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
 * This header brings two others: config.h, by which the fork server is started, configured and
 * ended, and builder.h, which says in what a process differs from its caller.
 *
 * The library has no thread of its own in this program but for those of pools (pool.h), and for a
 * short time one that closes descriptors that children have sent and that were not claimed
 * (value.h).
 *
 * Times are nanoseconds from now, on CLOCK_MONOTONIC. Functions return 0 or a negative value: a
 * negative errno value or one of the PROCSPAWN_E* codes of error.h. Out-parameters (ret_*) are
 * untouched on failure.
 *
 * Fork:   in a forked process PROCSPAWN_ENOTINIT, until it has called procspawn_init() itself.
 */
#ifndef FORKSCOPE_PROCSPAWN_H
#define FORKSCOPE_PROCSPAWN_H

#include <forkscope/builder.h>
#include <forkscope/config.h>
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
 *
 * Fork:   in a forked process every use fails with PROCSPAWN_ENOTOWNER, or gives 0 or -1; to free
 *         the handle frees memory only. The call goes on.
 */
typedef struct procspawn_handle procspawn_handle;

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
 * procspawn() with the changes of a builder. NULL changes nothing.
 *
 * Returns what procspawn() does, -ETIMEDOUT when the builder's total limit passed before there was
 * a process for the call, -EBADF and -EINVAL for a standard stream (procspawn_builder_stdin), or
 * -errno for a pipe that could not be had.
 *
 * Safe:   any thread; one at a time for each builder.
 * Cancel: a cancellation point before anything was started, never after.
 * Source: procspawn 1.0.1, Builder::spawn.
 */
int procspawn_builder_spawn(procspawn_builder *builder, procspawn_function *function,
                            json_t *argument, procspawn_handle **ret_handle);

/*
 * Switches off the check that a function lies in the same module on both sides. That holds for this
 * process and the children it makes later. Functions then travel as bare addresses of the image at
 * init. The caller guarantees that no call is made of a function in a library loaded after init, or
 * in memory made later: in the child such an address may contain anything. Without this call the
 * check is always on.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, assert_spawn_is_safe.
 */
void procspawn_assert_spawn_is_safe(void);

/*
 * Waits for the result of a call. Either the function's result is given as a new reference, or an
 * error that the caller frees; the other out-parameter stays untouched. Both may be NULL if not
 * wanted.
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
 * Asks the process group to end with a signal, and kills it after a grace. It is killed if it is
 * still there after grace nanoseconds. Does not wait for it.
 *
 * Returns 0, -EINVAL for no valid signal or a negative grace, or as procspawn_kill().
 *
 * Safe:   any thread, also while another one joins.
 * Cancel: no cancellation point.
 * Source: own; reproc's stop.
 */
int procspawn_terminate(procspawn_handle *handle, int signal, int64_t grace);

/*
 * What a process does that runs: a report as that of a crash, which the caller frees. Its kind is
 * PROCSPAWN_ERROR_RUNNING, its code 0; threads, frames and what each thread waits for are read as
 * those of an error (error.h). The process is stopped for a few milliseconds (SIGSTOP, SIGCONT) and
 * goes on; a system call that stops interrupt (epoll_wait, for instance) fails with EINTR there. A
 * process that was stopped goes on, too. The report of a time limit is made in the same way.
 *
 * timeout bounds the wait of the caller, in nanoseconds (negative: for ever). Making a report takes
 * a second and a half at most. Of a call of a pool, the worker that runs it is examined.
 *
 * Returns 0, or
 *   -ETIMEDOUT           there was no report within timeout
 *   -ESRCH               the process has ended, or the call of a pool has no worker (any more)
 *   -EBUSY               it is ending, has failed just now, or is being examined for another caller
 *                        or for an earlier call that has timed out
 *   -EAGAIN              no process for the report could be had, it took too long, or the process
 *                        ended meanwhile
 *   -ENOTSUP             no backtraces are made (procspawn_config_capture_backtraces), /proc shows
 *                        another pid namespace, or the process is the child of a scope (tree.h)
 *   -ENOMEM, -EIO        memory was short, or the report was not readable
 *   PROCSPAWN_ESERVER    the fork server is gone, or this process has left it
 *   PROCSPAWN_ENOTOWNER  as for procspawn_join()
 *
 * Safe:   one thread at a time for each handle; of a call of a pool any thread.
 * Cancel: no cancellation point.
 * Source: own; jstack, py-spy dump.
 */
int procspawn_stacks(procspawn_handle *handle, int64_t timeout, procspawn_error **ret_report);

/*
 * Waits until the process is gone and reaped, and gives what it used. ret_usage may be NULL. Does
 * not consume the result. procspawn_wait_timeout waits at most timeout nanoseconds (negative: for
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
 * The process id of a call's process. It stays the process's own until procspawn_wait_timeout() has
 * returned 0; signal the process by procspawn_kill or procspawn_terminate, which cannot reach
 * another process. The id changes in a join or wait that learns that the process died before it
 * took the call, and that a new process took it.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, JoinHandle::pid.
 */
pid_t procspawn_pid(const procspawn_handle *handle);

/*
 * A descriptor for event loops. It becomes readable when procspawn_join_timeout(handle, 0, ...) has
 * something to do; that call may still say -ETIMEDOUT. Borrowed: it lives as long as the handle and
 * is only for poll, select and epoll.
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
 * In the child
 */

/*
 * Leaves the fork server: for a function that is about to give up rights by itself, as
 * capabilities, a root directory, system calls. From now on this process has no connection to the
 * fork server, by which it could bypass its restriction: calls and new pools fail with
 * PROCSPAWN_ERIGHTS, for good. Calls that were made before go on, and can be joined; they cannot be
 * killed any more (PROCSPAWN_ESERVER), and end with this process. In a pool's worker it holds for
 * all later calls of the worker.
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
