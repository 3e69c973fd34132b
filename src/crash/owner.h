/*
 * owner.h - whose code a frame of a backtrace is: the program's, the library's or the system's
 *
 * Modules of the system and of the library are known by the names of their files. Where the library
 * is a part of the program itself, and for the entries of typed functions, the prefixes of symbols
 * decide. Code of the run-time libraries in the program itself: runtime_code.h. What lies below the
 * called function is known by address: the functions of the library that are at the bottom of every
 * child's stack lie in a section of their own, and the unwinder has the same image as the child.
 *
 * A child can give its code the names and addresses of others. So it hides frames of its own, from
 * those who print only the program's; it cannot change frames of another process.
 */
#ifndef FORKSCOPE_CRASH_OWNER_H
#define FORKSCOPE_CRASH_OWNER_H

#include "src/crash/backtrace.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * For a function of the library that calls a function of the program in a child, and for those
 * below: its frame and all older ones are not the program's.
 */
#define CRASH_BELOW_CALLED __attribute__((noinline, section("forkscope_below")))

/*
 * Sets the owners of all frames, which have their names. An inlined function has the owner of the
 * one that it is a part of, unless one of them is of the C++ library.
 */
void crash__set_owners(struct backtrace *trace);

/* Is the address in one of the functions marked so? */
bool crash__is_below_called(uint64_t ip);

/* Is the frame's module one of the system, as its name says? */
bool crash__is_in_system(const struct backtrace *trace, const struct backtrace_frame *frame);

#endif
