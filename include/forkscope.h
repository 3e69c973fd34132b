/*
 * forkscope.h - structured concurrency with threads and isolated processes
 *
 * How to read the headers. The comment of each function ends with three lines or four:
 *
 *   Safe:    which threads and processes may call it, and what may not run at the same time.
 *   Cancel:  whether it is a cancellation point: a call in which a cancelled thread can end. A
 *            cancellation point of tasks is one for the tasks of scope.h only; pthread_cancel(3)
 *            of any other thread does not end that thread there.
 *   Fork:    what holds in a process that was forked while the object existed. Where it is missing
 *            it stands at the type that the function takes, or on top of the header.
 *   Source:  the interface that it follows; own: none. scoped_spawn 0.2.1 and procspawn 1.0.1 are
 *            libraries for Rust, whose models of tasks and of calls this library follows.
 *
 * Objects that are passed to a function or come from it are *borrowed*: they still belong to the
 * one that passed them; or *taken*: they belong to the library from the call on; or *new*: they
 * belong to the caller, who frees them.
 *
 * This header brings all the others and tells the version, at compile time by macros and at run
 * time by a function; the two differ when a program runs with another library than it was compiled
 * for.
 *
 * NULL, for a pointer to an object, a string or a place for a result, is allowed only where the
 * comment of a function, type or header says so, and says what it stands for. Anywhere else it is a
 * fault of the program that no function looks for: most end the program by SIGSEGV, as strlen(3)
 * does. NULL is always allowed for the `arg` that is handed to a function of the program's, and in
 * all functions whose names end in free, unref or fini. A function of NULL is refused: by those
 * that start a task with -EINVAL, by those that start a call with PROCSPAWN_EFUNCTION.
 *
 * Structures. Those that a program makes or receives (options, results, outcomes, failures) have no
 * member for their size, and get new members with new versions:
 * - A program sets all members that it does not name to zero, as an initializer does:
 *       struct scoped_options options = { .max_tasks = 4 };
 *   In options and policies zero, NULL and false are the default, so a program that is compiled
 *   again means what it meant.
 * - New members come at the end. None is moved, removed or given another type or meaning; no
 *   constant gets another number, and enums get new ones. A switch over an enum has a default.
 * - The library reads and writes whole structures. So each new member comes with a new soname, and
 *   a program runs only with a library that has the structures that it was compiled with. New
 *   functions alone leave the soname as it is.
 * - Bindings of other languages take offsets and sizes from the headers of that soname.
 * All else is behind a pointer and made by a function of the library: builders, handles, pools,
 * sets, errors. These change inside only, and new settings of a process are functions of its
 * builder.
 *
 * Fork:   works in a forked process as in the program.
 */
#ifndef FORKSCOPE_H
#define FORKSCOPE_H

#include <forkscope/builder.h>
#include <forkscope/bytes.h>
#include <forkscope/call.h>
#include <forkscope/channel.h>
#include <forkscope/completion.h>
#include <forkscope/config.h>
#include <forkscope/error.h>
#include <forkscope/executor.h>
#include <forkscope/learn.h>
#include <forkscope/limits.h>
#include <forkscope/map.h>
#include <forkscope/notify.h>
#include <forkscope/output.h>
#include <forkscope/policy.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <forkscope/remote_scope.h>
#include <forkscope/sandbox.h>
#include <forkscope/scope.h>
#include <forkscope/self.h>
#include <forkscope/shmem.h>
#include <forkscope/task.h>
#include <forkscope/tree.h>
#include <forkscope/typed.h>
#include <forkscope/value.h>

/* The version of these headers: that of the library which the program is compiled for. */
#define FORKSCOPE_VERSION_MAJOR 0
#define FORKSCOPE_VERSION_MINOR 1
#define FORKSCOPE_VERSION_PATCH 0
#define FORKSCOPE_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * The version of the library that the program runs with: "major.minor.patch" in decimal digits.
 *
 * Returns a borrowed string that stays valid as long as the library is loaded; never NULL. Cannot
 * fail.
 *
 * Safe:   any thread, any process, signal handlers.
 * Cancel: no cancellation point.
 * Source: jansson's jansson_version_str().
 */
const char *forkscope_version(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
