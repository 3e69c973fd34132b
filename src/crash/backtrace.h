/* A backtrace as plain data: what a dead or stuck process was doing, thread by thread.
 *
 * The unwinder fills one, encodes it and sends the bytes; the host decodes and shows it. Nothing
 * here does I/O, and decoding believes no byte: the sender may be a process whose memory was
 * overwritten.
 *
 * The brief form has the cause and the last words, and neither threads nor frames. It lies in the
 * message itself and is written first, so it is there when the report is not.
 *
 * All names live in one pool of NUL-terminated strings; a frame holds positions in it. Position 0
 * is "". */
#ifndef WIRE_BACKTRACE_H
#define WIRE_BACKTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BACKTRACE_THREADS = 16,
    BACKTRACE_FRAMES = 64,    /* a thread */
    BACKTRACE_HEAD = 48,      /* of a deeper stack, from its young end; the rest is its old end */
    BACKTRACE_STRINGS = 32768,
    /* no encoding is longer */
    BACKTRACE_BYTES = 65536 + BACKTRACE_THREADS * BACKTRACE_FRAMES * 40,
    BACKTRACE_BRIEF = 2048,
};

/* How the unwinder came to a frame, the most trustworthy first. */
enum backtrace_found {
    BACKTRACE_REGISTERS,    /* the thread's own registers: its youngest frame */
    BACKTRACE_CFI,          /* call frame information */
    BACKTRACE_SIGNAL,       /* the registers a signal interrupted, as the kernel saved them */
    BACKTRACE_RETURN,       /* the word a call into nowhere had just pushed */
    BACKTRACE_FP,           /* the chain of frame pointers */
    BACKTRACE_SCAN,         /* a word on the stack that looks like a return address: a guess */
    BACKTRACE_FOUNDS
};

/* Why the process was looked at. */
enum backtrace_cause {
    BACKTRACE_HANG,      /* somebody asked; no signal */
    BACKTRACE_CRASH,     /* signo, code and address say what */
    BACKTRACE_RAISED,    /* its own code reported a failure */
    BACKTRACE_CAUSES
};

struct backtrace_frame {
    uint64_t ip;               /* see procspawn__backtrace_is_exact() */
    uint64_t offset;           /* ip as the module's file counts (addr2line); 0: no module */
    uint64_t symbol_offset;    /* ip minus the symbol's start */
    uint32_t module;           /* path, in the pool */
    uint32_t symbol;
    uint32_t found;            /* enum backtrace_found */
};

struct backtrace_thread {
    int32_t tid;
    int32_t error;     /* 0, or a negative errno value: its frames end too early, or are missing */
    uint32_t name;     /* in the pool */
    uint32_t first;    /* its frames: first .. first + count - 1, youngest first */
    uint32_t count;
    uint32_t cut;      /* so many frames are missing after the first BACKTRACE_HEAD */
};

struct backtrace {
    int32_t error;    /* 0, or a negative errno value: why the report is less than complete */
    int32_t pid;
    uint32_t cause;   /* enum backtrace_cause */
    int32_t signo;
    int32_t code;     /* si_code */
    uint64_t address;           /* si_addr */
    uint32_t stack_overflow;    /* 1: the fault lies just outside the thread's stack */
    uint32_t message;           /* what abort() was told, for instance by assert(); in the pool */
    uint32_t threads_cut;       /* so many threads are not in the report */
    uint32_t thread_count;
    uint32_t frame_count;
    uint32_t string_bytes;
    struct backtrace_thread thread[BACKTRACE_THREADS];    /* who crashed or raised is first */
    struct backtrace_frame frame[BACKTRACE_THREADS * BACKTRACE_FRAMES];
    char strings[BACKTRACE_STRINGS];
};

struct backtrace_brief {
    uint32_t length;    /* 0: nothing is known */
    unsigned char bytes[BACKTRACE_BRIEF - sizeof(uint32_t)];
};

/* Is a frame's ip the next instruction to run? Else it is a return address, and may lie behind the
 * code that it belongs to: look that up one byte before. */
static inline bool procspawn__backtrace_is_exact(enum backtrace_found found)
{
    return found == BACKTRACE_REGISTERS || found == BACKTRACE_SIGNAL;
}

/* Makes an empty report. */
void procspawn__backtrace_init(struct backtrace *trace);

/* Puts at most limit bytes of text, up to its NUL, into the pool, each unprintable byte as '?'.
 * Returns its position; 0 when the pool is full or the text is empty. Equal texts share a place. */
uint32_t procspawn__backtrace_intern(struct backtrace *trace, const char *text, size_t limit);

/* The text at a position of the pool; borrowed from trace. */
const char *procspawn__backtrace_string(const struct backtrace *trace, uint32_t position);

/* Returns the number of bytes written, or -ENOBUFS when there is no room for all. */
long procspawn__backtrace_encode(const struct backtrace *trace, unsigned char *bytes, size_t room);

/* Returns 0, or -EBADMSG when the bytes are no backtrace; then *ret_trace is unspecified but may be
 * dropped. Every position, count and enum of an accepted report is in range. */
int procspawn__backtrace_decode(const unsigned char *bytes, size_t size,
                                struct backtrace *ret_trace);

/* A report that has no threads and frames yet, as a brief one; what is too long for it leaves
 * nothing. */
void procspawn__backtrace_put_brief(const struct backtrace *trace,
                                    struct backtrace_brief *ret_brief);

/* As decode does; a brief that nobody has written is no backtrace. */
int procspawn__backtrace_get_brief(const struct backtrace_brief *brief,
                                   struct backtrace *ret_trace);

#endif
