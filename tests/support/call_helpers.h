/*
 * call_helpers.h - what the tests of processes share: calls, their outcomes, and what they leave
 * behind
 */
#ifndef FORKSCOPE_SUPPORT_CALL_HELPERS_H
#define FORKSCOPE_SUPPORT_CALL_HELPERS_H

#include <forkscope/cunit.h>
#include <forkscope/procspawn.h>

#define CALLS_MS INT64_C(1000000)
#define CALLS_SECOND INT64_C(1000000000)

/*
 * For a suite's pSetUpFunc and pTearDownFunc: procspawn_init without options, and procspawn_fini.
 */
void calls_begin(void);
void calls_end(void);

/* Start timeout for init on a busy machine: procspawn_config_start_timeout(). */
#define CALLS_START_TIMEOUT (100 * CALLS_SECOND)

/* A suite whose tests run between calls_begin and calls_end. */
#define CALLS_SUITE(name, table) \
    { .pName = name, .pSetUpFunc = calls_begin, .pTearDownFunc = calls_end, .pTests = table }

/* Starts a call and asserts that it starts; the argument is taken. */
procspawn_handle *calls_start(procspawn_function *function, json_t *argument);
procspawn_handle *calls_build(procspawn_builder *builder, procspawn_function *function,
                              json_t *argument);

/* Joins a call and asserts its outcome; frees the handle. */
json_t *calls_result(procspawn_handle *handle);
json_int_t calls_integer(procspawn_handle *handle);
procspawn_error *calls_error(procspawn_handle *handle);

/* Checks the kind and the cause, by name, and frees the error. */
void calls_check_error(procspawn_error *error, enum procspawn_error_kind kind,
                       enum procspawn_cause cause);

/* Checks that a call ends in time, and how; frees the handle. */
void calls_check_end(procspawn_handle *handle, enum procspawn_error_kind kind,
                     enum procspawn_cause cause);

/* Checks that so many calls, one after the other, have their results. */
void calls_check_work(int count);

/* Checks that the JSON value is this string. Takes the value. */
void calls_check_text(json_t *value, const char *text);

/* Functions to call. */
json_t *calls_echo(json_t *argument);       /* returns its argument */
json_t *calls_hang(json_t *argument);       /* does not return */
json_t *calls_pid(json_t *argument);        /* returns its process id */
json_t *calls_parent(json_t *argument);     /* returns the process id of its server */

int64_t calls_now(void);

/* The descendants of a process, held by pidfds, so that a test can wait for their ends. */
enum { CALLS_TREE_MAX = 512 };

struct calls_tree {
    unsigned count;
    pid_t pid[CALLS_TREE_MAX];
    int fd[CALLS_TREE_MAX];
};

/* Takes all descendants of pid at this moment. */
void calls_tree_open(struct calls_tree *tree, pid_t pid);
/* Adds one process. */
void calls_tree_add(struct calls_tree *tree, pid_t pid);
/* Waits up to `patience` nanoseconds for their ends, and returns how many are left. */
unsigned calls_tree_left(struct calls_tree *tree, int64_t patience);
void calls_tree_close(struct calls_tree *tree);

/* Returns the first child of a process with this name, such as "forkscope-root"; 0: none. */
pid_t calls_child_named(pid_t parent, const char *name);
/* Return the process ids of the root and of its first server. */
pid_t calls_root(void);
pid_t calls_server(void);
/* Sends a signal to all servers. */
void calls_signal_servers(int signal);
/* Stops a process, or the root and all servers, and waits until they are stopped. */
void calls_stop(pid_t pid);
void calls_stop_servers(void);
/* Returns the number after a key of /proc/PID/status, such as "PPid:"; 0: none. */
long calls_status(pid_t pid, const char *key);

/* Returns the number of open descriptors of this process. */
unsigned calls_descriptors(void);
/*
 * Checks that it becomes this number. Descriptors that came from elsewhere are closed by a thread
 * of their own.
 */
void calls_check_descriptors(unsigned wanted);

#endif
