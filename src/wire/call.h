/*
 * call.h - the CALL message: what a child is to become, and what it is to do
 *
 *     struct wire_call | block | JSON text | attachments
 *
 * The block holds the fields that the flags name, in this order. First the state of the caller:
 * thread (u32, if it is not the main one), groups (u32 count, u32 each), rights (u64 inheritable,
 * permitted, effective, bounding and ambient capabilities; u32 securebits, no_new_privs), schedule
 * (u32 policy, niceness, priority), processors (u32 length, bytes), limits (u32 count; u32
 * resource, u64 soft, u64 hard each), environment (u32 count, strings). Then what the builder chose
 * for the child, which the child needs the right to do: limits (as above), user (u32), group (u32),
 * directory (string), process name (string), memory limit (u64 bytes), sandbox (u32 profile,
 * exceptions, denial, partial; u32 count of paths, string and u32 rights each; u32 count of ports,
 * u32 port and u32 listens each). Last the library (string).
 *
 * All behind the structure travels in a sealed memfd when it is too long for a frame, or in a
 * standing buffer of the worker (standing.h). Descriptors come in the order of the WIRE_CALL_FD_*
 * flags, then those of new buffers, then those that the text refers to.
 */
#ifndef FORKSCOPE_WIRE_CALL_H
#define FORKSCOPE_WIRE_CALL_H

#include <stdint.h>

enum wire_call_flag {
    WIRE_CALL_FD_MEMORY = 1 << 0,
    WIRE_CALL_FD_CWD = 1 << 1,
    WIRE_CALL_FD_STDIN = 1 << 2,
    WIRE_CALL_FD_STDOUT = 1 << 3,
    WIRE_CALL_FD_STDERR = 1 << 4,
    WIRE_CALL_UMASK = 1 << 5,
    WIRE_CALL_IDS = 1 << 6,
    WIRE_CALL_GROUPS = 1 << 7,
    WIRE_CALL_LIMITS = 1 << 8,
    WIRE_CALL_ENVIRONMENT = 1 << 9,
    WIRE_CALL_DIRECTORY = 1 << 10,
    WIRE_CALL_NAME = 1 << 11,
    WIRE_CALL_LIBRARY = 1 << 12,
    WIRE_CALL_HOOK = 1 << 13,
    WIRE_CALL_KEEP_ALIVE = 1 << 14, /* then wait for the next CALL; streams: this call only */
    WIRE_CALL_PREPARE = 1 << 15,    /* do the setup of this call, then wait for a CALL */
    WIRE_CALL_RESERVED_KEYS = 1 << 16, /* as in struct wire_value */
    WIRE_CALL_CHILDLESS = 1 << 17,  /* the child may not ask its server for children */
    WIRE_CALL_SCHEDULE = 1 << 18,
    WIRE_CALL_PROCESSORS = 1 << 19,
    WIRE_CALL_RIGHTS = 1 << 20,
    WIRE_CALL_CHOSEN_LIMITS = 1 << 21,
    WIRE_CALL_CHOSEN_USER = 1 << 22,
    WIRE_CALL_CHOSEN_GROUP = 1 << 23,
    WIRE_CALL_THREAD = 1 << 24,
    WIRE_CALL_TELL_BEGIN = 1 << 25, /* tell the server when the function begins (protocol.h) */
    WIRE_CALL_LINES = 1 << 26,      /* stdout is written line by line */
    WIRE_CALL_INITIALIZE = 1 << 27, /* answer with null; a failure ends the worker, as of PREPARE */
    WIRE_CALL_MEMORY_LIMIT = 1 << 28,
    WIRE_CALL_SANDBOX = 1 << 29,
    WIRE_CALL_AHEAD = 1 << 30       /* of PREPARE: is answered only if it fails (prepared.h) */
};

/* The highest flag is no int, as the constants of an enum are: to the learner, learner.h. */
#define WIRE_CALL_FD_LEARN UINT32_C(0x80000000)

enum { WIRE_BUILD_ID_MAX = 32, WIRE_LIMITS_MAX = 32, WIRE_GROUPS_MAX = 65536 };

/* Of PREPARE and INITIALIZE: calls that follow are to start from the state of a new process. */
enum wire_fresh {
    WIRE_FRESH_NOT,
    WIRE_FRESH_LATER,           /* the initializer follows, whose state is to last */
    WIRE_FRESH_NOW              /* what is there after this is the state of each call */
};

/* A function in transit: its module and its offset there. */
struct wire_function {
    uint64_t offset;            /* from the module's load address */
    uint32_t build_id_length;   /* 0: the module has no build id */
    uint32_t unchecked;         /* offset is an absolute address that the caller vouches for */
    unsigned char build_id[WIRE_BUILD_ID_MAX];
    uint64_t base;              /* load address of the module in the caller */
};

/* Standing buffers of a worker, which keeps them for later calls. */
enum wire_buffer {
    WIRE_BUFFER_NEW_ARGUMENT = 1 << 0,  /* comes with this call, in the place of an earlier one */
    WIRE_BUFFER_NEW_RESULTS = 1 << 1,   /* the same */
    WIRE_BUFFER_ARGUMENT = 1 << 2       /* block, text and attachments lie in it */
};

struct wire_call {
    uint32_t flags;
    uint32_t umask;
    uint64_t generation;        /* returned in the answer */
    uint64_t block_length;
    uint64_t text_length;
    uint64_t attached_length;   /* as in struct wire_value */
    uint64_t attached_count;
    struct wire_function function;
    uint32_t uid[3];            /* real, effective and saved id of the caller */
    uint32_t gid[3];
    uint64_t hook;              /* function and argument; addresses in the image at init */
    uint64_t hook_argument;
    uint64_t fresh_hook;        /* the same, for the hook before each fresh call; 0: none */
    uint64_t fresh_argument;
    uint32_t fresh;             /* enum wire_fresh */
    uint32_t buffers;           /* enum wire_buffer */
};

#endif
