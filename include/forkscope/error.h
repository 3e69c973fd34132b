/*
 * error.h - what can go wrong
 *
 * A function that can fail returns 0 or a negative value: a negative errno value or one of the
 * codes below, which lie outside the range of errno. What is too big for a number - how a child
 * process died, with its backtrace - is a procspawn_error object that the caller owns.
 *
 * What an errno value means where its function does not say it:
 *
 *   -EAGAIN       no thread or process could be had now, or there is no room now
 *   -EBADF        a descriptor is not open
 *   -ECANCELED    the calling task was cancelled, where that is told by a return value (scope.h)
 *   -EDEADLK      the calling task is the one to wait for, or below it
 *   -EINVAL       an argument is none of those that the function takes
 *   -EIO          the stream has failed
 *   -EMFILE       this process has no room for a descriptor
 *   -ENFILE       the machine has no room for a descriptor
 *   -ENODATA      there is nothing to give
 *   -ENOENT       there is no such thing
 *   -ENOMEM       there is no memory
 *   -EPERM        only a task, or only a called function, may do this; or the kernel refuses it
 *   -EPIPE        the other end is gone
 *   -ETIMEDOUT    it has not happened in time
 *
 * Fork:   the functions work in a forked process as in the program.
 */
#ifndef FORKSCOPE_ERROR_H
#define FORKSCOPE_ERROR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Codes of the thread half: scope.h, self.h, task.h, notify.h, executor.h. */
enum {
    SCOPED_ESTALE = -5001,      /* the spawner's owner has ended */
    SCOPED_ENOTOWNER = -5002,   /* the spawner belongs to another task or thread */
    SCOPED_ECLOSED = -5003,     /* the spawner's owner is ending and takes no more children */
    SCOPED_EUNWOUND = -5004,    /* the task left its function by pthread_exit, uncancelled */
    SCOPED_ENOTSTARTED = -5005, /* the task ended before it called scoped_notify_started */
    SCOPED_EOPEN = -5006,       /* another scope is still open inside of this one */
    SCOPED_ERUNNING = -5007     /* not all that was waited for has ended; wait again */
};

/* Codes of the process half: procspawn.h and the headers beside it. */
enum {
    PROCSPAWN_ECALL = -5101,        /* the call failed; the error object says how */
    /* A value cannot be encoded as JSON, or is nested too deep; or memory ran out over it. */
    PROCSPAWN_EJSON = -5102,
    PROCSPAWN_ENOTINIT = -5103,     /* procspawn_init has not been called in this process */
    PROCSPAWN_ETHREADS = -5104,     /* procspawn_init came after a second thread */
    PROCSPAWN_ESTART = -5105,       /* the fork server did not come up in time */
    PROCSPAWN_ESERVER = -5106,      /* the fork server is gone, or does not answer */
    PROCSPAWN_EFUNCTION = -5107,    /* the function lies in no module that a child could have */
    PROCSPAWN_EPOOL = -5108,        /* the pool has failed: no worker could be started */
    /* The pool takes no more calls: it was shut down or killed, or procspawn_fini was called. */
    PROCSPAWN_ESHUTDOWN = -5109,
    /* The caller may have no child, or none with rights that it lacks: it has shut itself in since
     * init (procspawn_builder_allow_rights), may not spawn, or has left the fork server. */
    PROCSPAWN_ERIGHTS = -5110,
    PROCSPAWN_ENOTOWNER = -5111,    /* the object belongs to another process */
    PROCSPAWN_ELIMIT = -5112,       /* a value is larger, or there are more, than the limit says */
    PROCSPAWN_EVALUE = -5120,       /* a value is not what it should be, or stands for nothing */
    PROCSPAWN_EDESCRIPTORS = -5121, /* more descriptors than fit into one message */
    PROCSPAWN_ERANGE = -5122        /* a number does not fit into the type of its parameter */
};

/*
 * A sentence for any code that the library returns. 0 and the errno values above are included,
 * in the words of the library: -ETIMEDOUT is "not finished in time". Other negative errno values
 * have the words of strerror(3) in English. The string is static, never NULL; "unknown error" for
 * any other number.
 *
 * Safe:   any thread, any process.
 * Cancel: no cancellation point.
 * Source: strerror(3).
 */
const char *forkscope_strerror(int code);

/* How a call failed. The first thing that went wrong decides and is never overwritten. */
enum procspawn_error_kind {
    PROCSPAWN_ERROR_JSON,           /* a result that cannot be encoded, or cannot be decoded here */
    PROCSPAWN_ERROR_IO,             /* a system call failed: procspawn_error_errno */
    PROCSPAWN_ERROR_PANIC,          /* the function called procspawn_panic, or returned NULL */
    PROCSPAWN_ERROR_REMOTE_CLOSE,   /* the process ended without a result; the cause tells how */
    /* The call was killed, or its pool ended, before it was started. */
    PROCSPAWN_ERROR_CANCELLED,
    PROCSPAWN_ERROR_TIMED_OUT,      /* a time limit of the call passed: procspawn_error_limit */
    PROCSPAWN_ERROR_CONSUMED,       /* the result has been joined before */
    PROCSPAWN_ERROR_SETUP,          /* the call could not be made; the function never ran */
    PROCSPAWN_ERROR_SERVER_LOST,    /* the fork server died during the call, the child with it */
    PROCSPAWN_ERROR_FAILED,         /* the function called procspawn_fail (call.h) */
    PROCSPAWN_ERROR_RUNNING         /* no failure: a report that procspawn_stacks has made */
};

/* What ended the process. */
enum procspawn_cause {
    PROCSPAWN_CAUSE_NONE,           /* nothing: it ended after its answer, or is not gone yet */
    PROCSPAWN_CAUSE_SIGNAL,         /* a signal not sent by the library: procspawn_error_signal */
    PROCSPAWN_CAUSE_EXIT,           /* exit(n): procspawn_error_exit_status */
    PROCSPAWN_CAUSE_KILLED,         /* procspawn_kill, procspawn_terminate, its scope's end */
    PROCSPAWN_CAUSE_TIME_LIMIT,     /* a time limit of its call: procspawn_error_limit */
    /* SIGKILL, most likely of the kernel's out-of-memory killer. The kernel does not say who sent
     * it; it only counts, for the whole machine, the processes that it has killed for lack of
     * memory. A SIGKILL of another process is told as this if that count has grown since the fork
     * server last looked: at its start, and when a child died of a SIGKILL that is not its own. */
    PROCSPAWN_CAUSE_OUT_OF_MEMORY,
    /* A fault just outside of a thread's stack. Only the main thread and the threads of executors,
     * which run tasks, have a second stack to report from: an overflow of another thread's stack is
     * a plain SIGSEGV without frames. */
    PROCSPAWN_CAUSE_STACK_OVERFLOW,
    /* a failed assert() or assert_perror(); the message is its text */
    PROCSPAWN_CAUSE_ASSERT,
    PROCSPAWN_CAUSE_SANDBOX,        /* a system call that the sandbox denied (sandbox.h) */
    /* std::terminate(), mostly for an exception that nothing catches: the message is "uncaught
     * exception", its class and its what(), procspawn_error_type the class. what() is called by the
     * child, before the program's terminate handler. A C++ library that was not loaded at init is
     * not seen: its exceptions are a plain SIGABRT. */
    PROCSPAWN_CAUSE_EXCEPTION,
    /* A sanitizer that the program was built with has ended the process: the message is what it has
     * found, procspawn_error_sanitizer its report. In children AddressSanitizer's report callback is
     * the library's. */
    PROCSPAWN_CAUSE_SANITIZER
};

/* Which time limit ended a call. */
enum procspawn_limit {
    PROCSPAWN_LIMIT_NONE,           /* none did */
    PROCSPAWN_LIMIT_RUN,            /* the run limit: the function took too long */
    PROCSPAWN_LIMIT_TOTAL,          /* the total limit, after the call had been started */
    PROCSPAWN_LIMIT_QUEUE,          /* the total limit, before that: the function never ran */
    PROCSPAWN_LIMIT_SCOPE           /* the time limit of a scope around the call */
};

/* How a frame of a backtrace was found; the later, the less sure. */
enum procspawn_frame_source {
    PROCSPAWN_FRAME_CFI,            /* unwind information */
    PROCSPAWN_FRAME_FP,             /* chain of frame pointers, or a rule for calls into nowhere */
    PROCSPAWN_FRAME_SCAN            /* a return address found on the stack */
};

/* Whose code a frame is. */
enum procspawn_frame_owner {
    PROCSPAWN_FRAME_PROGRAM,        /* the program and its libraries, except for the next two */
    /* This library, and all below the called function: the entry of a typed function, and main()
     * as it was during procspawn_init. */
    PROCSPAWN_FRAME_LIBRARY,
    /* The C library, the run-time libraries of compilers (libgcc_s, libstdc++), the vDSO. In
     * modules of the program: functions whose source lies in a folder .../include/c++/..., as
     * templates of the C++ library do, and, without file, those of namespace std and the like; and,
     * of a program that is linked statically, what leads from abort() to the signal, and the start
     * of a thread. */
    PROCSPAWN_FRAME_SYSTEM
};

/* One frame of a backtrace. The strings are borrowed from the error, NULL where unknown. */
struct procspawn_frame {
    uintptr_t ip;                   /* address in the child: of the call, or where it failed */
    const char *module;             /* path of the executable or library */
    const char *build_id;           /* of the module, in hexadecimal digits */
    uint64_t offset;                /* of ip in the module's file image */
    const char *symbol;             /* function */
    const char *name;               /* of a C++ function as in the source; else as symbol */
    uint64_t symbol_offset;         /* of ip from the start of the function, in bytes */
    int thread;                     /* 0: the thread that failed; the first of those that share it */
    enum procspawn_frame_source source;
    enum procspawn_frame_owner owner;
    const char *file;               /* of the source, as the compiler was given it, with its folder */
    int line;                       /* 0: unknown */
    bool inlined;                   /* into the next frame, whose ip, module and offset it has */
};

/* One thread of a backtrace. The strings are borrowed from the error, never NULL. */
struct procspawn_thread {
    int tid;                        /* gettid(2) in the child */
    const char *name;               /* pthread_setname_np(3) */
    /*
     * What it does: "waits for the mutex at 0x5581c0, which thread 4712 (loader) holds",
     * "in poll(0x7ffc10, 1, -1)", "runs". "" for the thread that failed by itself, and if not known.
     */
    const char *waits;
    int waits_for;                  /* tid of who holds that mutex, or is to end; 0: not known */
    /* Its frames, by the index of procspawn_error_frame. Threads with equal stacks share them. */
    size_t first, count;
    /* Frames that are left out in the middle of a deep stack. Of such a stack those far below the
     * called function may be missing, too; they are not counted. */
    size_t cut;
    size_t cut_at;                  /* how many of its frames stand before these */
    int error;                      /* 0, or a negative errno value: why frames are missing */
};

/*
 * How a call failed, as an object. Immutable; made by the functions that give the end of a call,
 * freed by the caller.
 *
 * Fork:   a forked process has a copy, which it reads and frees by itself.
 */
typedef struct procspawn_error procspawn_error;

/*
 * Frees an error. NULL is fine.
 *
 * Safe:   one thread at a time for each error.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_error_free(procspawn_error *error);

/*
 * The kind of an error, and its most asked values.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, SpawnError.
 */
enum procspawn_error_kind procspawn_error_kind(const procspawn_error *error);
bool procspawn_error_is_panic(const procspawn_error *error);
bool procspawn_error_is_cancellation(const procspawn_error *error);
bool procspawn_error_is_timeout(const procspawn_error *error);
bool procspawn_error_is_remote_close(const procspawn_error *error);
bool procspawn_error_is_failure(const procspawn_error *error);

/*
 * What ended the process; its signal (0 if none), exit status (-1 if it did not exit), and the
 * errno value behind an I/O or setup error (0 if none). That is positive, as in errno.h, for
 * strerror(3). A code of the library is negative, as ever: PROCSPAWN_ELIMIT for a result over its
 * limit (procspawn_builder_result_limit, builder.h), or for a worker that a child's pool cannot
 * have (procspawn_config_nested); PROCSPAWN_ERIGHTS for a worker whose pool may have none any more.
 * A process that has closed its channel to the library exits with status 113; the message says so.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: waitpid(2).
 */
enum procspawn_cause procspawn_error_cause(const procspawn_error *error);
int procspawn_error_signal(const procspawn_error *error);
int procspawn_error_exit_status(const procspawn_error *error);
int procspawn_error_errno(const procspawn_error *error);

/*
 * Why the signal came, in a sentence: "write to 0x10: null pointer, member at offset 16", "jump to
 * 0xdead: nothing is mapped there", "integer division by zero", "sent by process 4711"; or why a
 * crash was not examined. "" if there is nothing to say. Borrowed.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own.
 */
const char *procspawn_error_reason(const procspawn_error *error);

/*
 * The message, and the place of a panic, a failure or a failed assert. The message is never NULL;
 * the place, which may be that of what a sanitizer has found, is NULL, 0, NULL if it is not known.
 * Borrowed.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, PanicInfo and Location.
 */
const char *procspawn_error_message(const procspawn_error *error);
const char *procspawn_error_file(const procspawn_error *error);
int procspawn_error_line(const procspawn_error *error);
const char *procspawn_error_function(const procspawn_error *error);

/*
 * Whether the call ended by a system call that was denied. Its sandbox (sandbox.h) has done that,
 * or another seccomp filter: kind REMOTE_CLOSE, cause SANDBOX. Then: the name of the system call,
 * NULL if it is not known; its number, -1 if it is not known; its arguments as they were, counted
 * from 0; and the path or the like that one of them points to, at most 255 bytes, NULL if there is
 * none. All of it is the child's word. Nothing is known of the system call if the child had blocked
 * SIGSYS, if the call belongs to a foreign table (32-bit, x32), or without
 * procspawn_config_panic_handling(). If the child has a handler of its own for SIGSYS, its system
 * call fails, and nothing is told.
 *
 * procspawn_error_syscall_argument returns 0, or -EINVAL for an index above 5; an argument that is
 * not known is 0.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own; sandbox2's violations.
 */
bool procspawn_error_is_violation(const procspawn_error *error);
const char *procspawn_error_syscall(const procspawn_error *error);
long procspawn_error_syscall_number(const procspawn_error *error);
int procspawn_error_syscall_argument(const procspawn_error *error, unsigned index,
                                     uint64_t *ret_value);
const char *procspawn_error_path(const procspawn_error *error);

/*
 * Which time limit ended the call; the error is of kind TIMED_OUT then.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own.
 */
enum procspawn_limit procspawn_error_limit(const procspawn_error *error);

/*
 * The name of the call's process, or of the workers of its pool; "" if it has none
 * (procspawn_builder_name). Borrowed.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own.
 */
const char *procspawn_error_name(const procspawn_error *error);

/*
 * The index of the item of a map that failed (map.h), counted from 0; -1 if the error is not that
 * of an item, or is one that stands in for lack of memory (call.h).
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own.
 */
int64_t procspawn_error_index(const procspawn_error *error);

/*
 * What the process used until it was reaped, as wait4(2) gives it; of a pool's worker: for all its
 * calls. Returns 0, or -ENODATA if the error is not that of a process that has ended.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: wait4(2).
 */
int procspawn_error_usage(const procspawn_error *error, struct rusage *ret_usage);

/*
 * The report of the sanitizer that ended the process, as it was printed: with its lines, at most
 * 4,096 bytes, control characters as '?'. NULL if there is none. AddressSanitizer gives its own,
 * from the beginning. That of others is known if procspawn_error_stderr has it; the message tells
 * what it says, and its place is that of the error. Else the message tells the kind of what
 * UndefinedBehaviorSanitizer has found, and the place is that of the program's frame, if it has
 * file and line. Borrowed.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own; __asan_set_error_report_callback.
 */
const char *procspawn_error_sanitizer(const procspawn_error *error);

/*
 * What the process printed last to stderr, at most 4,096 bytes. NULL if there is nothing, or if it
 * is not known. It is known where stderr is the library's:
 *
 *   captured output (output.h)   of each process that has failed, been killed, or panicked. Merged
 *                                streams: of both. Where the middle is missing, what follows it
 *   PROCSPAWN_STDIO_PIPE         what this program had not read when a crash, a panic or a time
 *                                limit was examined: of a process that called exit(3) nothing. It
 *                                stays in the pipe
 *
 * Of another stderr, which the process inherits for instance, nothing is known. The text is UTF-8:
 * control characters other than tab and the end of a line, and bytes that are no UTF-8, are '?'. It
 * is the child's word, and that of all processes that have its stderr. A join waits up to 100 ms
 * for the process that reads captured output; then the end may be missing. Borrowed.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own; Python, CalledProcessError.stderr.
 */
const char *procspawn_error_stderr(const procspawn_error *error);

/*
 * What the call returned beside the error: PROCSPAWN_ECALL, or why the call could not be made
 * (kind SETUP, call.h). And what the function gave with its failure (procspawn_fail_with,
 * procspawn_fail_at, call.h), borrowed, NULL for nothing: the detail, whose placeholders belong to
 * the call's handle as those of a result do, and the type. Of cause EXCEPTION the type is the
 * class.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own.
 */
int procspawn_error_code(const procspawn_error *error);
const json_t *procspawn_error_detail(const procspawn_error *error);
const char *procspawn_error_type(const procspawn_error *error);

/*
 * The backtrace, innermost frame first, the failed thread before the others. Frames tell module,
 * offset and symbol; file and line where there is debug information, and each function that was
 * inlined is a frame of its own then. These are what `addr2line -i -e MODULE OFFSET` says.
 *
 * Debug information is looked for in the module, in /usr/lib/debug/.build-id by its build-id, and
 * by .gnu_debuglink beside the module, in .debug there and below /usr/lib/debug. It is read by
 * libdw, if the library was built with it and it can be loaded (configure --with-dw), for a
 * quarter of a second at most; files and lines that are not found by then are missing, or all of
 * them if the information is broken. Frames of the system have none, nor have those below the
 * called function. Without any a function that no symbol tells is looked for in .gnu_debugdata, by
 * liblzma.
 *
 * Owners are told by the names of modules. Where the library is linked into the program itself, and
 * for the entries of typed functions, they are told by symbols; without symbols
 * (procspawn_config_resolve_backtraces) these are taken for the program's. A child can make its own
 * frames look like the library's.
 *
 * A process of its own makes it, within a second and 64 MiB of memory. It reads nothing of the
 * child before it has the child's user and groups, and no capabilities. So a module that was loaded
 * after init shows symbols only if that user may read its file, and else, as where that was
 * deleted, those that it exports; those that were there at init always do. If that process fails,
 * the frames are missing, and nothing else.
 *
 * Under valgrind the report of a crash has eight seconds, but no more than the call's time limits
 * leave. The frames of a process that hangs are those of valgrind there. A child that ends is
 * looked through for leaks, which takes seconds, unless valgrind has --leak-check=no.
 *
 * procspawn_error_frame returns 0, or -EINVAL for an index out of range.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, PanicInfo::backtrace.
 */
size_t procspawn_error_frame_count(const procspawn_error *error);
int procspawn_error_frame(const procspawn_error *error, size_t index,
                          struct procspawn_frame *ret_frame);

/*
 * The threads of the backtrace, the one that failed first; how many more there were; and why the
 * report is incomplete. A report has at most 128 threads: the one that failed, the main thread,
 * those that others wait for (a mutex, a join), and then others. With more than 1,024 threads those
 * beyond are not looked at. 4,096 frames fit in all; a thread whose frames do not has them cut.
 *
 * procspawn_error_incomplete returns 0, or a negative errno value: -EPERM, the process may not be
 * examined; -ETIMEDOUT; -ELIBACC, libunwind is not there; -ELIBBAD, libdw is not (files, lines and
 * inlined functions are missing; so it is in programs that are linked statically); and others.
 *
 * procspawn_error_thread returns 0, or -EINVAL for an index out of range.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own.
 */
size_t procspawn_error_thread_count(const procspawn_error *error);
int procspawn_error_thread(const procspawn_error *error, size_t index,
                           struct procspawn_thread *ret_thread);
size_t procspawn_error_threads_cut(const procspawn_error *error);
int procspawn_error_incomplete(const procspawn_error *error);

/*
 * Lines of source around a frame. That is the innermost frame of the program that has file and
 * line; they are its line, the one before and the one behind it. How many there are, at most
 * three; the index of the frame; and for each line its number and its text, borrowed, of at most
 * 159 bytes. There are none if the file cannot be read by the child's user, or was changed after
 * the module had been built.
 *
 * procspawn_error_source returns 0, or -EINVAL for an index out of range.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own.
 */
size_t procspawn_error_source_count(const procspawn_error *error);
size_t procspawn_error_source_frame(const procspawn_error *error);
int procspawn_error_source(const procspawn_error *error, size_t index, int *ret_line,
                           const char **ret_text);

/*
 * A register of the thread that crashed: its name, and its value then. -EINVAL for an index out of
 * range, and without a crash. There are as many as the processor's debuggers number.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own.
 */
int procspawn_error_register(const procspawn_error *error, size_t index, const char **ret_name,
                             uint64_t *ret_value);

/*
 * Prints an error for people: one line of what happened and its reason, then a line for each frame
 * of the program, down to the called function. Its number is that of procspawn_error_frame; numbers
 * that are missing are frames of the library and of the system. A frame that follows itself is
 * printed once, with the number of times. Threads that have not failed are left out. Without a
 * frame of the program, all frames of the failed thread are printed.
 *
 *     parse: remote_close: killed by signal 11 (SIGSEGV): read of 0x8: null pointer, member at ...
 *       #1  width_of at header.c:31 (inlined)
 *           30  {
 *         > 31      return box->width;
 *           32  }
 *       #2  read_header at header.c:58 (thumbnailer+0x1a40)
 *       #3  thumbnail (thumbnailer+0x1b02)
 *
 * procspawn_error_print_all tells the whole path of a source file.
 *
 * The index of the item of a map stands before the kind, and the type of a failure behind it:
 *
 *     item 4: failed (no_picture): this is no PNG at thumbnailer.c:31 in thumbnail
 *
 * Before the frames of a process that hangs stands what its thread waits for. If that is another
 * thread, this one and its frames follow, and so on. Frames that are left out are told where they
 * are missing. Behind the frames stand the last ten lines that were printed to stderr, if they are
 * known and the message does not tell them; at the end what else the report does not have, or why
 * there is none.
 *
 * procspawn_error_print_all prints every frame of every thread, with its address and the whole path
 * of its module, what the process used, what a sanitizer printed, the registers of a crash, what
 * each thread does, and all that is known of stderr. The lines of threads with the same frames
 * stand together, before one list.
 *
 * Text of the child cannot act on a terminal or begin a line: control characters, those that change
 * the direction of writing, and bytes that are no UTF-8 are shown as \n, \x1b, \u202e. The message
 * itself (procspawn_error_message) is as the child said it.
 *
 * On a terminal the kind, the line of the source, and what is missing have colours, unless NO_COLOR
 * is set in the environment and not empty, or TERM is "dumb" or not set.
 *
 * Return 0, or -EIO when the stream has failed.
 *
 * Safe:   any thread, while no thread frees the error; on a terminal while none sets the
 *         environment.
 * Cancel: a cancellation point, as stdio is.
 * Source: procspawn 1.0.1, Display of SpawnError; Rust, short backtraces.
 */
int procspawn_error_print(const procspawn_error *error, FILE *stream);
int procspawn_error_print_all(const procspawn_error *error, FILE *stream);

/*
 * The whole error as a JSON object: kind, cause, code, message, and, where known, signal,
 * exit_status, errno, limit, index, name, detail, type, file, line, function, syscall,
 * syscall_number, syscall_arguments, path, reason, sanitizer, stderr, usage (user_time and
 * system_time in seconds, max_rss in KiB, minor_faults, major_faults, voluntary_switches,
 * involuntary_switches), frames, source (an array of objects with line and text), source_frame,
 * threads, threads_cut, registers (an object, by name), incomplete (a sentence). Each frame has
 * the members of struct procspawn_frame; owner and source as words, as "program" and "cfi". Each
 * thread has those of struct procspawn_thread. `version` is 1; it changes when a member gets
 * another meaning, not when one is added.
 *
 * Returns a new reference, or NULL when out of memory.
 *
 * Safe:   any thread, while no thread frees the error.
 * Cancel: no cancellation point.
 * Source: own.
 */
json_t *procspawn_error_json(const procspawn_error *error);

/*
 * The name of a kind and of a cause in lower case, as in the JSON form: "remote_close", "signal".
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: own.
 */
const char *procspawn_error_kind_name(enum procspawn_error_kind kind);
const char *procspawn_error_cause_name(enum procspawn_cause cause);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
