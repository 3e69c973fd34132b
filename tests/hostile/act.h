/*
 * act.h - what a hostile function does: one table entry for each act
 *
 * An act may return, hang, crash or end its process; what follows is drawn at random (act.c). A
 * program calls act_function() in processes of its own, with an argument from act_argument().
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_ACT_H
#define FORKSCOPE_TESTS_HOSTILE_ACT_H

#include "tests/hostile/random.h"
#include <forkscope/channel.h>
#include <jansson.h>
#include <sys/types.h>

enum act_flag {
    ACT_ALIEN = 1,              /* harms all processes of its user: not where that is the host's */
    ACT_OWN_USER = 2,           /* the same, and not as a user that others on the machine are */
    ACT_ANSWERS = 4             /* may answer the call, while the function goes on */
};

struct act {
    const char *name;           /* NULL: the end of a table */
    void (*run)(struct random *random);
    unsigned flags;
    const char *off;            /* why it is not played; NULL: it is */
};

extern const struct act act_of_messages[], act_of_links[], act_of_descriptors[], act_of_processes[],
    act_of_signals[], act_of_state[], act_of_crashes[], act_of_payloads[], act_of_privileges[],
    act_of_nested[], act_of_beside[];

unsigned act_count(void);
const struct act *act_at(unsigned number);
/* One that is not switched off. */
unsigned act_draw(struct random *random);

/* What a hostile function may do at its end. */
enum act_manner {
    ACT_ENDS_ANYHOW,
    /* In a pool with innocent calls: its process ends, no act of it answers, and what else is of
     * its user is left alone. */
    ACT_BESIDE_INNOCENTS
};

/* depth: of hostile functions above it. sender: a channel of the user's to misuse, or NULL. */
json_t *act_argument(struct random *random, unsigned act, enum act_manner manner, unsigned depth,
                     const procspawn_sender *sender);
/* Returns an object with ACT_EXCESS in it, before it does anything else, where its process has too
 * much. */
#define ACT_EXCESS "has too much"
json_t *act_function(json_t *argument);

/* ---- for acts ---- */

/* What the function returns, if it gets so far; taken. */
void act_set_result(json_t *result);
/* How many hostile functions are above this one. */
unsigned act_depth(void);
enum act_manner act_manner(void);
void act_hang(void) __attribute__((noreturn));
/* A short time, or none. */
void act_pause(struct random *random, unsigned most_ms);
/* Another process with this life; it is never waited for. Returns its id, 0 for none. */
pid_t act_fork(struct random *random, void (*life)(struct random *random));
/* In such a process: the one that forked it, dead or alive. */
pid_t act_parent(void);
/* The one that forked the function's process. */
pid_t act_server(void);

#endif
