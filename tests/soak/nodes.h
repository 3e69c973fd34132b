/*
 * nodes.h - which tasks and processes are in the tree, in memory that all of its processes share
 *
 * The starter of a task or process enters it below itself; the started one adds the processes that
 * it starts by itself. At the end of a node everything below it must be gone.
 */
#ifndef FORKSCOPE_TESTS_SOAK_NODES_H
#define FORKSCOPE_TESTS_SOAK_NODES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How a call can end. */
enum ending {
    ENDED_RESULT, ENDED_PANIC, ENDED_CLOSED, ENDED_TIMED_OUT, ENDED_LOST, ENDED_SETUP, ENDED_IO,
    ENDED_CANCELLED,            /* killed in the queue of its pool */
    ENDED_ABANDONED,            /* its task was cancelled while it waited */
    ENDINGS
};

extern const char *const ending_names[ENDINGS];

struct counts {
    uint64_t tasks;
    uint64_t calls;
    uint64_t refused;           /* no process, descriptor or memory could be had */
    uint64_t endings[ENDINGS];
    uint64_t checks;            /* of the invariant */
    uint64_t outlived;          /* nodes that have outlived their parents */
    uint64_t wrong;             /* results that were not the right ones, calls with two endings */
    char first_wrong[256];
    char first_outlived[256];
};

struct shared {
    bool stop;
    int64_t server_killed;      /* when the last one was */
    struct counts counts;
};

extern struct shared *shared;

/* Before anything is forked. */
void nodes_open(void);

int64_t now(void);
bool stopped(void);
void add(uint64_t *count);
void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum node_kind { NODE_OF_TASK, NODE_OF_CALL };

/* Enters a node below another one (-1: below none). Returns its number, -1 if there is no room. */
int node_enter(int parent, enum node_kind kind);
/* In a process: one that belongs to the node. */
void node_add_process(int node, pid_t pid);
/* The node has ended: nothing below it may be there. It is forgotten. */
void node_end(int node);
/* A check from outside: no node exists whose parent has ended. */
void nodes_check(void);
/* The process of some node, chosen by a number; 0 if there is none. */
pid_t node_process(uint64_t number);

#endif
