/*
 * area.h - the memory of the reset, which no reset overwrites
 *
 * It has two parts. `saved` is written by the snapshot, and cannot be written afterwards. `work` is
 * what a reset needs while it runs. Both lie in a mapping of their own with a guard on either side,
 * so that the kernel joins it with no other mapping.
 */
#ifndef FORKSCOPE_FRESH_AREA_H
#define FORKSCOPE_FRESH_AREA_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

enum {
    FRESH__REGIONS = 1024,
    FRESH__MAPPINGS = 4096,
    FRESH__FDS = 192,           /* descriptors that last */
    FRESH__TEXT = 1 << 20,      /* of /proc/self/maps */
    FRESH__STATUS = 16384,      /* of /proc/self/status */
    FRESH__SIGNALS = 64,
    FRESH__ACTION = 32,         /* bytes of the kernel's struct sigaction */
    FRESH__LIMITS = 16,
    FRESH__NUMBERS = 32,        /* numbers that are compared, see kinds.c */
    FRESH__ADVISED = 256,       /* mappings with advice of madvise(2) */
    FRESH__SPACES = 7,          /* namespaces, and bytes of the name of one */
    FRESH__SPACE = 32,
    FRESH__RUNS = 64            /* runs of pages that are asked for at once */
};

/* A half-open range of addresses. */
struct fresh__range {
    uintptr_t start, end;
};

/* A mapping as /proc/self/maps describes it. */
struct fresh__mapping {
    struct fresh__range range;
    uint64_t offset, inode;
    uint32_t major, minor;
    unsigned rights;            /* PROT_* */
    bool shared;
    bool heap, stack;           /* [heap], [stack] */
    bool ring;                  /* of io_setup(2) */
    bool device;                /* of a device or of huge pages: cannot be replaced */
};

/* What madvise(2) has said of writable private memory. */
struct fresh__advice {
    bool wiped;                 /* a forked process finds zeros there */
    bool no_dump, no_fork;
};

struct fresh__advised {
    struct fresh__range range;
    struct fresh__advice advice;
};

/* Writable private memory whose contents lie in the snapshot, and which is a mapping of it. */
struct fresh__region {
    struct fresh__range range;
    uint64_t offset;            /* in the snapshot */
    unsigned rights;
    struct fresh__advice advice;
    bool small;                 /* it is copied back as a whole */
};

/* A descriptor that is open before a call, and its duplicate. */
struct fresh__fd {
    int fd, copy;
    bool closes_on_exec;
    uint64_t device, inode;
    unsigned mode;
    long flags;                 /* F_GETFL */
    bool own;                   /* of the worker alone, if the pool's initializer has made it */
    bool regular;               /* such a file */
    int64_t position;           /* of such a file */
    int info;                   /* -1, or what /proc/self/fdinfo tells of it, and the sum of that */
    uint64_t info_sum;
};

/* Files that the snapshot and the resets read. */
struct fresh__files {
    int maps, pagemap, status, fds, spaces, server, cwd, snapshot;
    int timers;                 /* -1 if this kernel does not tell of timers */
    int advice, infos;          /* closed when the snapshot is taken */
};

struct fresh__table {
    unsigned count;
    struct fresh__mapping mapping[FRESH__MAPPINGS];
};

struct fresh__saved {
    struct fresh__files files;
    struct fresh__range own, view;      /* the area; the snapshot, mapped for reading */
    uint32_t major, minor;              /* of the snapshot's file */
    uint64_t inode;

    uintptr_t page;             /* the bytes of one */
    unsigned advised_count, region_count;
    struct fresh__advised advised[FRESH__ADVISED];
    struct fresh__region region[FRESH__REGIONS];
    struct fresh__range stack;          /* the mapping of the main thread's stack */
    uintptr_t mark;                     /* what lies above belongs to functions that go on */
    uint64_t stack_offset;              /* of the stack above the mark, in the snapshot */
    uintptr_t brk;
    struct fresh__range rseq;           /* the kernel writes there at any time; empty: nothing */
    struct fresh__table table;          /* all mappings, but for own and view */

    unsigned fd_count;
    struct fresh__fd fd[FRESH__FDS];
    unsigned gap_count;                 /* ranges of numbers that are closed before a call */
    struct { unsigned first, last; } gap[3 * FRESH__FDS + 16];
    unsigned open_count;                /* open descriptors, with duplicates and files */
    bool counted;                       /* the kernel tells their number */
    unsigned all_close_from;            /* descriptors from here on close on exec; 0: see each */
    bool compared;                      /* it also tells whether two are of one open file */
    bool scans;                         /* it tells which pages are written */
    bool may_root, may_enter;           /* the worker may change its root, its namespaces */
    bool enters;                        /* it enters the namespaces of the server again */

    size_t status_length;
    char status[FRESH__STATUS];
    unsigned char action[FRESH__SIGNALS + 1][FRESH__ACTION];
    bool caught[FRESH__SIGNALS + 1];    /* has a handler, or is SIGCHLD */
    uint64_t mask;
    stack_t alternate;
    struct rlimit limit[FRESH__LIMITS];
    unsigned char schedule[64];
    unsigned char processors[1024];
    long processors_length;
    unsigned mode;                      /* umask */
    char name[16];
    long number[FRESH__NUMBERS];
    bool fixed_number[FRESH__NUMBERS];  /* nothing that a call may do changes it */
    bool fixed_limit[FRESH__LIMITS];
    uint64_t permitted;                 /* capabilities */
    bool reads_segments;                /* an instruction does, without a system call */
    uint32_t float_control[2];
    uint64_t root[2];
    char space[FRESH__SPACES][FRESH__SPACE];
    char space_at_birth[FRESH__SPACES][FRESH__SPACE];
    uintptr_t robust_list, robust_length, robust_first, tid_address;
};

/* What differs from the snapshot, as the look before the answer has found. */
struct fresh__found {
    bool mappings;              /* the amounts of memory in /proc/self/status */
    bool actions;
    bool name;
    bool processors;
    bool fds;
};

struct fresh__work {
    struct fresh__found found;
    const char *obstacle;       /* why there is no snapshot, or the state that cannot be put back */
    int next_timer;
    long faults;                /* page faults at the end of the last reset; 0: not known */
    bool no_scan, no_query;     /* PAGEMAP_SCAN, PROCMAP_QUERY are refused */
    struct fresh__range run[FRESH__RUNS];
    uint64_t pages[512];
    struct fresh__table table;
    char status[FRESH__STATUS];
    char text[FRESH__TEXT];
};

/* Where the two parts lie. */
struct fresh__area {
    struct fresh__saved *saved;
    struct fresh__work *work;
};

/* Sets *ret_area. 0 or -errno. */
int fresh__area_new(struct fresh__area *ret_area);
/* From now on nobody can write to `saved`. 0 or -errno. */
int fresh__area_protect(const struct fresh__area *area);
/* The opposite, for a last word of the snapshot. */
int fresh__area_open(const struct fresh__area *area);

#endif
