/*
 * calls.h - what the tests of processes share: calls, how they end, and what they leave
 */
#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

#include <forkscope/cunit.h>
#include <forkscope/procspawn.h>

#define CALLS_MS INT64_C(1000000)
#define CALLS_SECOND INT64_C(1000000000)

/* For a suite's pSetUpFunc and pTearDownFunc: procspawn_init with no arguments, procspawn_fini. */
void calls_begin(void);
void calls_end(void);

/* How long init may take on a machine with much else to do: procspawn_config_start_timeout(). */
#define CALLS_START_TIMEOUT (100 * CALLS_SECOND)

/* A suite of such tests. */
#define CALLS_SUITE(name, table) \
    { .pName = name, .pSetUpFunc = calls_begin, .pTearDownFunc = calls_end, .pTests = table }

/* Starts a call that must start; the argument is taken. */
procspawn_handle *calls_start(procspawn_function *function, json_t *argument);
procspawn_handle *calls_build(procspawn_builder *builder, procspawn_function *function,
                              json_t *argument);

/* Joins a call that must succeed or fail, and frees the handle. */
json_t *calls_result(procspawn_handle *handle);
json_int_t calls_integer(procspawn_handle *handle);
procspawn_error *calls_error(procspawn_handle *handle);

/* Looks at the error: kind and cause by name, then frees it. */
void calls_check_error(procspawn_error *error, enum procspawn_error_kind kind,
                       enum procspawn_cause cause);

/* Is the JSON string this text? The value is taken. */
void calls_check_text(json_t *value, const char *text);

/* Functions to call. */
json_t *calls_echo(json_t *argument);       /* returns its argument */
json_t *calls_hang(json_t *argument);       /* for ever */
json_t *calls_pid(json_t *argument);        /* its process */
json_t *calls_parent(json_t *argument);     /* the server that forked it */

int64_t calls_now(void);

/* The processes below one, held by descriptors, so that their ends can be waited for. */
enum { CALLS_TREE_MAX = 512 };

struct calls_tree {
    unsigned count;
    pid_t pid[CALLS_TREE_MAX];
    int fd[CALLS_TREE_MAX];
};

/* Everything below pid, at this moment. */
void calls_tree_open(struct calls_tree *tree, pid_t pid);
/* One more. */
void calls_tree_add(struct calls_tree *tree, pid_t pid);
/* How many of them are still there after at most so many nanoseconds. */
unsigned calls_tree_left(struct calls_tree *tree, int64_t patience);
void calls_tree_close(struct calls_tree *tree);

/* The first child of a process that has a name, 0 if there is none: "forkscope-root". */
pid_t calls_child_named(pid_t parent, const char *name);
/* The root and its first server. */
pid_t calls_root(void);
pid_t calls_server(void);
/* To all servers. */
void calls_signal_servers(int signal);
/* The number behind a key of /proc/.../status: "PPid:"; 0 if there is none. */
long calls_status(pid_t pid, const char *key);

/* How many descriptors this process has open. */
unsigned calls_descriptors(void);

#endif
