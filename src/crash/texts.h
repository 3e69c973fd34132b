/*
 * texts.h - what a process knows of its end in words: the exception that nothing catches, and the
 * report of a sanitizer
 *
 * The child notes it before it dies, at an address that the unwinder knows: both were forked from
 * one image. The C++ library and sanitizers are used where the program has them, and never needed.
 */
#ifndef FORKSCOPE_CRASH_TEXTS_H
#define FORKSCOPE_CRASH_TEXTS_H

#include "src/crash/backtrace.h"
#include "src/crash/remote_memory.h"

#include <stdint.h>

enum {
    TEXTS_TYPE = 160,     /* of an exception; longer ones are cut */
    TEXTS_TEXT = 4096     /* the same of its text, and of a report */
};

struct texts {
    uint32_t said;        /* enum backtrace_said: an exception or a sanitizer; atomic */
    char type[TEXTS_TYPE];    /* of the exception, as the C++ library names it: mangled; "": none */
    char text[TEXTS_TEXT];    /* what() of it, or the report */
};

/*
 * In the parent of the children: from now on they note what is said. Replaces the terminate handler
 * of C++, which is called afterwards, and AddressSanitizer's report callback.
 */
void crash__texts_prepare(void);

/* In a child whose sanitizer ends it: the last report is why. */
void crash__texts_by_sanitizer(void);

/* What this process has said until now. Async-signal-safe. */
enum backtrace_said crash__texts_said(void);

/*
 * Notes an exception, by its class (a std::type_info; NULL: there is none) and its object (NULL:
 * not known). For tests, too.
 */
void crash__texts_exception(const void *type, const void *object);

/*
 * Returns the object of the exception that was caught last, as the C++ ABI's globals of a thread
 * say it; NULL if that is not of this class, or is one that was thrown again by a pointer to it.
 * For tests, too.
 */
const void *crash__texts_caught(const void *globals, const void *type);

/* Called by std::terminate(). Not static: by its name the frame is known as the library's. */
void crash__on_terminate(void);

/* Reads what another process has said: untrusted. Returns 0 or a negative errno value. */
int crash__texts_read(struct memory *memory, struct texts *ret_texts);

#endif
