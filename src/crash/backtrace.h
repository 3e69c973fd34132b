/*
 * backtrace.h - a backtrace as plain data: what a dead or stuck process was doing, by thread
 *
 * The unwinder fills one, encodes it and sends the bytes; the host decodes and shows it. Nothing
 * here does I/O. Decoding checks every byte, because the sender's memory may have been overwritten.
 *
 * The brief form has the cause and the message of abort(), but neither threads nor frames. It is
 * part of the message itself and is written first, so it exists even when the report does not.
 *
 * All names are in one pool of NUL-terminated strings; a frame holds positions in it. Position 0 is
 * "".
 */
#ifndef FORKSCOPE_CRASH_BACKTRACE_H
#define FORKSCOPE_CRASH_BACKTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BACKTRACE_THREADS = 128,
    BACKTRACE_REGISTERS_MOST = 40,
    BACKTRACE_FRAMES = 64,    /* of each thread, as they are found on its stack */
    BACKTRACE_FRAMES_ALL = 4096,    /* of all threads */
    BACKTRACE_HEAD = 48,      /* youngest frames kept of a deeper stack; the rest are its oldest */
    BACKTRACE_INLINED = 192,  /* further frames of a thread: functions inlined into others */
    BACKTRACE_SOURCE = 3,     /* lines of source */
    BACKTRACE_STRINGS = 65536,
    /* upper bound of an encoding */
    BACKTRACE_BYTES = BACKTRACE_STRINGS + BACKTRACE_THREADS * 64 + BACKTRACE_FRAMES_ALL * 64 + 4096,
    BACKTRACE_BRIEF = 2048,
};

/* How the unwinder found a frame, the most reliable way first. */
enum backtrace_found {
    BACKTRACE_REGISTERS,    /* the thread's own registers: its youngest frame */
    BACKTRACE_CFI,          /* call frame information */
    BACKTRACE_SIGNAL,       /* registers that a signal interrupted, saved by the kernel */
    BACKTRACE_RETURN,       /* return address of a call that has set up no frame */
    BACKTRACE_FP,           /* the chain of frame pointers */
    BACKTRACE_SCAN,         /* a word on the stack that looks like a return address: a guess */
    BACKTRACE_FOUNDS
};

/* Whose code a frame is (owner.h). */
enum backtrace_owner {
    BACKTRACE_PROGRAM,
    BACKTRACE_LIBRARY,
    BACKTRACE_SYSTEM,
    BACKTRACE_OWNERS
};

/* Why the process was examined. */
enum backtrace_cause {
    BACKTRACE_HANG,      /* its deadline passed; no signal */
    BACKTRACE_CRASH,     /* signo, code and address are valid */
    BACKTRACE_RAISED,    /* its own code reported a failure */
    BACKTRACE_CAUSES
};

/* What the message of a report is. */
enum backtrace_said {
    BACKTRACE_SAID_NOTHING,
    BACKTRACE_SAID_ABORT,        /* glibc's message of abort(), for instance from assert() */
    BACKTRACE_SAID_EXCEPTION,    /* an exception that nothing catches */
    BACKTRACE_SAID_SANITIZER,    /* what a sanitizer has found; may be "" */
    BACKTRACE_SAIDS
};

struct backtrace_frame {
    uint64_t ip;               /* of an instruction: see crash__backtrace_is_exact() */
    uint64_t offset;           /* ip relative to the module's file (for addr2line); 0: no module */
    uint64_t symbol_offset;    /* ip minus the symbol's start */
    uint32_t module;           /* path; position in the pool */
    uint32_t symbol;
    uint32_t name;             /* what the symbol is called in C++; 0: the same */
    uint32_t build_id;         /* of the module, in hexadecimal digits; in the pool */
    uint32_t found;            /* enum backtrace_found */
    uint32_t owner;            /* enum backtrace_owner */
    uint32_t file;             /* of the source, a path; in the pool, 0: not known */
    uint32_t line;
    uint32_t inlined;          /* 1: into the next frame, whose ip and module it has */
};

struct backtrace_thread {
    int32_t tid;
    int32_t error;     /* 0, or a negative errno value: frames are missing */
    uint32_t name;     /* position in the pool */
    /* Index of its youngest frame; count frames follow in order. Threads with equal stacks share. */
    uint32_t first;
    uint32_t count;
    uint32_t cut;      /* number of frames missing in the middle */
    uint32_t cut_at;   /* number of frames before these */
    uint32_t waits;    /* what it waits for, in words; in the pool, 0: it does not wait */
    int32_t waits_for; /* the thread that it waits for; 0: none is known */
};

struct backtrace {
    int32_t error;    /* 0, or a negative errno value: why the report is incomplete */
    int32_t pid;
    uint32_t cause;   /* enum backtrace_cause */
    int32_t signo;
    int32_t code;     /* si_code */
    uint64_t address;           /* si_addr */
    uint32_t stack_overflow;    /* 1: the fault is just outside the thread's stack */
    uint32_t said;              /* enum backtrace_said */
    uint32_t message;           /* in the pool */
    uint32_t type;              /* of the exception; in the pool */
    uint32_t printed;           /* the sanitizer's report, with its lines; in the pool */
    uint32_t last_printed;      /* to a stderr that is a pipe; in the pool, 0: not known */
    uint32_t violation;         /* 1: a system call that a filter refused; the next are valid */
    uint64_t call_number;
    uint64_t call_argument[6];
    uint32_t call_path;         /* text that one of its arguments points to; in the pool */
    uint32_t reason;            /* of a crash: its cause in a sentence; in the pool */
    uint32_t threads_cut;       /* number of threads that are not in the report */
    uint32_t register_count;    /* of the thread that crashed; 0 otherwise */
    uint64_t registers[BACKTRACE_REGISTERS_MOST];
    uint32_t thread_count;
    uint32_t frame_count;
    uint32_t source_frame;    /* index of the frame that the lines of source are about */
    uint32_t source_first;    /* number of the first line */
    uint32_t source_count;    /* 0: there are none */
    uint32_t source[BACKTRACE_SOURCE];    /* in the pool */
    uint32_t string_bytes;
    struct backtrace_thread thread[BACKTRACE_THREADS]; /* the one that crashed or raised is first */
    struct backtrace_frame frame[BACKTRACE_FRAMES_ALL];
    char strings[BACKTRACE_STRINGS];
};

struct backtrace_brief {
    uint32_t length;    /* 0: not written */
    unsigned char bytes[BACKTRACE_BRIEF - sizeof(uint32_t)];
};

/*
 * Does a frame begin at the next instruction to run? Otherwise it is known by a return address,
 * which may lie behind the end of the function that it belongs to: the byte before it is a part of
 * the call.
 */
static inline bool crash__backtrace_is_exact(enum backtrace_found found)
{
    return found == BACKTRACE_REGISTERS || found == BACKTRACE_SIGNAL;
}

/* Makes an empty report. */
void crash__backtrace_init(struct backtrace *trace);

/*
 * Puts at most limit bytes of text, up to its NUL, into the pool, each byte that is unprintable or
 * no UTF-8 as '?'. Returns its position; 0 if the pool is full or the text is empty. Equal texts
 * share a position.
 */
uint32_t crash__backtrace_intern(struct backtrace *trace, const char *text, size_t limit);
/* The same, but tabs and the ends of lines are kept. */
uint32_t crash__backtrace_intern_lines(struct backtrace *trace, const char *text, size_t limit);

/* Returns the text at a position of the pool; borrowed from trace. */
const char *crash__backtrace_string(const struct backtrace *trace, uint32_t position);

/* Returns the number of bytes written, or -ENOBUFS without room for all. */
long crash__backtrace_encode(const struct backtrace *trace, unsigned char *bytes, size_t room);

/*
 * Returns 0, or -EBADMSG if the bytes are no backtrace; then *ret_trace is unspecified. Every
 * position, count and enum of an accepted report is in range.
 */
int crash__backtrace_decode(const unsigned char *bytes, size_t size, struct backtrace *ret_trace);

/* Writes a report that has no threads and frames yet. A report that is too long leaves length 0. */
void crash__backtrace_put_brief(const struct backtrace *trace, struct backtrace_brief *ret_brief);

/* As crash__backtrace_decode. Returns -EBADMSG for a brief that was not written. */
int crash__backtrace_get_brief(const struct backtrace_brief *brief, struct backtrace *ret_trace);

#endif
