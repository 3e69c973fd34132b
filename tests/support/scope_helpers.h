/*
 * scope_tools.h - what the tests of the thread half share: events to wait for, and a log of what
 * happened
 */
#ifndef FORKSCOPE_TESTS_SCOPE_TOOLS_H
#define FORKSCOPE_TESTS_SCOPE_TOOLS_H

#include <forkscope/cunit.h>
#include <forkscope/scope.h>
#include <stdbool.h>
#include <stddef.h>

/* Happens once; any number of threads may wait. Waiting is no cancellation point. */
struct event {
    int fd;
};

struct event event_new(void);
void event_free(struct event event);
void event_happen(struct event event);
void event_reset(struct event event);       /* when nobody waits: has not happened yet */
bool event_wait(struct event event);        /* false after a minute */

/* One letter for each thing that happened, in order. */
void log_clear(void);
void log_letter(char letter);
const char *log_letters(void);

/* Done functions: 'd' and 'k'. */
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
 * Blocks for ever in a system call that only a cancelled thread leaves; under the thread sanitizer,
 * which takes cancelled system calls for races, in a wait of the library.
 */
void block_for_ever(void);

/* A deadline far enough away that reaching it is a failure. */
int64_t soon(void);

#endif
