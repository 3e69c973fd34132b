/*
 * scope_helpers.h - what the tests of the thread half share: events to wait for, and a log
 */
#ifndef FORKSCOPE_SUPPORT_SCOPE_HELPERS_H
#define FORKSCOPE_SUPPORT_SCOPE_HELPERS_H

#include <forkscope/cunit.h>
#include <forkscope/scope.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * An event happens once; any number of threads may wait for it. Waiting is not a cancellation
 * point.
 */
struct event {
    int fd;
};

struct event event_new(void);
void event_free(struct event event);
void event_happen(struct event event);
void event_reset(struct event event);       /* when no thread waits: has not happened yet */
bool event_wait(struct event event);        /* false after a minute */

/* The log: one letter for each thing that happened, in order. */
void log_clear(void);
void log_letter(char letter);
const char *log_letters(void);

/* Done functions, which log 'd' and 'k'. */
void log_done(void *arg);
void log_child_done(void *arg);

/* For pSetUpFunc and pTearDownFunc: each test has a root, an empty log and two events. */
extern scoped_spawner root;
extern struct event started, released;

void root_set_up(void);
void root_tear_down(void);

#define ROOT_SUITE(name, table) \
    { .pName = name, .pSetUpFunc = root_set_up, .pTearDownFunc = root_tear_down, .pTests = table }

/*
 * Blocks in a system call that only a cancelled thread leaves. Under the thread sanitizer, which
 * reports cancelled system calls as races, it blocks in a wait of the library.
 */
void block_for_ever(void);

/* Returns a deadline that no test reaches unless it fails. */
int64_t soon(void);

#endif
