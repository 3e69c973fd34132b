/*
 * ledger.h - the findings of a run, in memory that the program shares with the process that
 * watches it
 *
 * Both write. No child of the program has this memory: a hostile function that writes anywhere
 * would change it. A slot is one thread of the program: what it does at the moment, and since when.
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_LEDGER_H
#define FORKSCOPE_TESTS_HOSTILE_LEDGER_H

#include "tests/hostile/settings.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* What a run claims, each judged by itself. */
enum claim {
    CLAIM_INNOCENT, CLAIM_ENDS, CLAIM_RIGHTS, CLAIM_QUIET, CLAIM_ORDER,
    CLAIMS
};

/* What the program does. Each has a time that it may take; the worst excess is kept. */
enum timed {
    TIMED_CALL, TIMED_LONG_CALL, TIMED_NESTED_CALL, TIMED_TYPED_CALL, TIMED_SCOPE, TIMED_POOL_CALL,
    TIMED_CHANNEL, TIMED_SHMEM, TIMED_STREAM, TIMED_DEADLINE, TIMED_CRASH,
    TIMED_MAP, TIMED_SET, TIMED_OUTPUT,
    TIMED_MIXED_CALL,           /* innocent, in a pool that hostile calls use as well */
    TIMED_INNOCENTS,
    TIMED_SPAWN = TIMED_INNOCENTS, TIMED_JOIN, TIMED_ENDING, TIMED_WAIT, TIMED_KILL, TIMED_FREE,
    TIMED_CLOSE, TIMED_POOL_JOIN, TIMED_POOL_END, TIMED_RECEIVE, TIMED_TAKE, TIMED_QUIET, TIMED_END,
    TIMED_KINDS
};

/* An excess that is a fault, without what the thread had to wait for a processor; and one that ends
 * the run. */
#define TIMED_LATE (10 * INT64_C(1000000000))
#define TIMED_HANGS (3 * TIMED_LATE)

enum { SLOTS = 32, ACTS_MAX = 128, SEEN = 8192, WRONGS = 24, TEXT = 240,
       KINDS = 16 };

struct slot {
    int64_t begun;              /* 0: idle */
    int64_t allowed;
    int64_t starved;            /* at its beginning */
    char what[TEXT];
};

struct worst {
    uint64_t count;
    int64_t over;               /* beyond what was allowed */
    char what[TEXT];
};

/* The process of a hostile call, and its first act. */
struct seen {
    pid_t pid;
    unsigned act;
};

struct ledger {
    bool stop;                  /* no new round is begun */
    unsigned rounds;
    uint64_t acts[ACTS_MAX];    /* hostile calls, by their first act */
    uint64_t refused;           /* hostile calls whose deadline passed before they were made */
    uint64_t results;
    uint64_t failures[KINDS];   /* by kind of error */
    uint64_t rights_checks;     /* of hostile processes, from outside */
    uint64_t wrong[CLAIMS];
    unsigned told;              /* how many texts there are */
    char wrongs[WRONGS][TEXT];
    const char *formats[WRONGS];
    struct slot slots[SLOTS];
    struct worst worst[TIMED_KINDS];
    struct seen seen[SEEN];
};

extern struct ledger *ledger;
extern const char *const timed_names[TIMED_KINDS];

/* Before anything is forked. */
void ledger_open(void);
/* In the program, before init: what it forks from now on is without this memory. */
void ledger_keep_from_children(void);

void ledger_add(uint64_t *count);
/* The claim does not hold. Of many texts of one format a few are kept. */
void ledger_wrong(enum claim claim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The calling thread's slot from now on. */
void ledger_use_slot(unsigned number);
/* One operation at a time in each thread. */
void timed_begin(int64_t allowed, const char *format, ...) __attribute__((format(printf, 2, 3)));
void timed_end(enum timed timed);
/* One that has no beginning of its own, and came so much later than it should; starved is of that
 * time. */
void timed_note(enum timed timed, int64_t over, int64_t starved, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* How long this thread has been ready to run and did not, in its whole life. */
int64_t timed_starved(void);

void ledger_saw(pid_t pid, unsigned act);
/* What this process was to do first; -1: never seen. */
int ledger_act_of(pid_t pid);

#endif
