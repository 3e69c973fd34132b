/*
 * config.h - init: the fork server is started, configured and ended
 *
 * Most programs need two functions of this header, around all others of procspawn.h:
 *
 *     int main(int argc, char **argv)
 *     {
 *         if (procspawn_init(argc, argv) < 0)                   first thing in main
 *             return EXIT_FAILURE;
 *         ...
 *         return procspawn_fini();                              nothing is left running
 *     }
 *
 * A program that needs more than that makes a configuration before:
 *
 *     procspawn_config *config = procspawn_config_new();
 *     procspawn_config_spares(config, 0);
 *     error = procspawn_init_with(config, argc, argv);
 *     procspawn_config_free(config);
 *
 * Times and returned values are as in procspawn.h, which brings this header.
 *
 * Fork:   init belongs to the process that has called it. A forked process has PROCSPAWN_ENOTINIT,
 *         until it has called procspawn_init() itself.
 */
#ifndef FORKSCOPE_CONFIG_H
#define FORKSCOPE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

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
 * The call belongs to the calling process: after a fork() the new process must call it again. If
 * another thread was in dl_iterate_phdr(3) at the fork, as unwinders of other languages are,
 * glibc's lock of the list of modules stays held in the new process, and init waits for it for
 * ever. The library's own walks of that list keep a fork() waiting, so they do not lead to that.
 *
 * A program that executes itself or another one ends all that it had started, as by SIGKILL; init
 * in the new image reaps what is left of the fork server before, which no wait() sees. Without a
 * /proc of its own that stays a zombie until the process ends.
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
 * stay valid and report remote close, those of calls that waited in a pool CANCELLED. Pools stay
 * valid too, and refuse calls with PROCSPAWN_ESHUTDOWN. Handles and pools are still to be freed.
 * procspawn_init() may be called again. Leaving the program without it ends everything by SIGKILL.
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
 * The arguments given to procspawn_init(). They are there in a child as well as in the program
 * itself. Both out-parameters are borrowed for the life of the process. In a child 0 arguments are
 * reported if the configuration switched their passing off.
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

/*
 * What procspawn_init_with() is to do differently. Made by procspawn_config_new().
 *
 * Fork:   a forked process has a copy, which it uses and frees by itself.
 */
typedef struct procspawn_config procspawn_config;

/*
 * A new configuration with the defaults: no callback, arguments passed, failures and backtraces
 * captured and symbolised, as many spares as the machine suggests. procspawn_config_free accepts
 * NULL.
 *
 * Returns NULL when out of memory.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, ProcConfig.
 */
procspawn_config *procspawn_config_new(void);
void procspawn_config_free(procspawn_config *config);

/*
 * Set the members of a configuration. callback runs in every child when it is taken for a call,
 * before the function. pass_args: whether children see the arguments. panic_handling: whether
 * crashes are caught for a report (off: they die silently by their signal). capture_backtraces,
 * resolve_backtraces: whether a failure carries frames, and whether these carry symbols; the cause
 * of a crash and the text of an assertion are told either way. resolve_lines: whether frames with
 * symbols carry file and line too, and inlined functions are frames (error.h); off, a report is a
 * millisecond or two faster. All of these are on unless set. spares: how many children are forked
 * ahead of need, 0 for none, -1 for the default. start_timeout: how many nanoseconds init waits for
 * the fork server before it ends that and fails; five seconds unless set, negative: for ever.
 * Before that it may use as much processor time to copy what the program has loaded (procspawn.h),
 * and init waits for it.
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
void procspawn_config_resolve_lines(procspawn_config *config, bool enabled);
void procspawn_config_spares(procspawn_config *config, int count);
void procspawn_config_start_timeout(procspawn_config *config, int64_t timeout);

/*
 * Whether the time limits of a call (procspawn_builder_run_limit, procspawn_builder_total_limit)
 * also end a process that has a debugger. Off unless set: a process that is traced from outside of
 * the tree of processes here goes on, and is ended within a second after the debugger has left. A
 * tracer that the process has started itself is none. Time limits of scopes, and the ends of the
 * program, of pools and scopes, ask for no debugger.
 *
 * Safe:   one thread at a time for each configuration.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_config_limits_debugged(procspawn_config *config, bool enabled);

/*
 * A callback that runs in every child after the called function. It runs when the function has
 * returned or has called exit(3), quick_exit(3) or procspawn_panic(), before the caller gets the
 * answer. In a worker of a pool it runs after each call, so nothing is lost when the worker is
 * killed later. It does not run after _exit(2) or a crash. It is part of the call for the run
 * limit.
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
 * How many children a child may have at a time, and all children together: 64 and 1,024 unless set,
 * 0 for none. A child that was requested and not used yet counts, and so does each worker of a
 * pool. Beyond the limit a call in a child fails with PROCSPAWN_ELIMIT, and a worker of a child's
 * pool cannot be started (procspawn_pool_failure, pool.h). The program itself has no limit.
 *
 * Safe:   one thread at a time for each configuration.
 * Cancel: no cancellation point.
 * Source: own; RLIMIT_NPROC binds no process that a server forks.
 */
void procspawn_config_nested(procspawn_config *config, unsigned each, unsigned all);

/*
 * Whether calls may be learned. Denial PROCSPAWN_DENIAL_LEARN (learn.h) lets through all that a
 * sandbox would deny. Off unless set: then such a call fails with kind SETUP. So a builder alone
 * cannot take the protection away from a program in the field.
 *
 * Safe:   one thread at a time for each configuration.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_config_learning(procspawn_config *config, bool allowed);

/*
 * procspawn_init() with a configuration, which is copied. Same returns; -EINVAL also for NULL,
 * which procspawn_config_new() gives when out of memory.
 *
 * Safe:   from the only thread of the process.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, ProcConfig::init.
 */
int procspawn_init_with(const procspawn_config *config, int argc, char **argv);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
