/*
 * nodes.c - the table of nodes, and the check that none outlives its parent
 */
#include "tests/soak/nodes.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { NODES = 1024, OWN_PROCESSES = 4 };

enum state { FREE, TAKEN, ENTERED, ENDED };

struct node {
    enum state state;           /* atomic, as all of it */
    int parent;
    enum node_kind kind;
    pid_t processes[OWN_PROCESSES];
};

struct all {
    struct shared shared;
    struct node nodes[NODES];
};

const char *const ending_names[ENDINGS] = { "result", "panic", "closed", "timed out", "lost",
                                            "setup", "io", "cancelled", "abandoned" };
struct shared *shared;
static struct node *nodes;

void nodes_open(void)
{
    struct all *all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                           -1, 0);

    if (all == MAP_FAILED)
        abort();
    shared = &all->shared;
    nodes = all->nodes;
}

int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

bool stopped(void)
{
    return __atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE);
}

void add(uint64_t *count)
{
    __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

void wrong(const char *format, ...)
{
    va_list arguments;

    if (__atomic_fetch_add(&shared->counts.wrong, 1, __ATOMIC_RELAXED) > 0)
        return;
    va_start(arguments, format);
    vsnprintf(shared->counts.first_wrong, sizeof shared->counts.first_wrong, format, arguments);
    va_end(arguments);
}

static enum state state_of(int node)
{
    return __atomic_load_n(&nodes[node].state, __ATOMIC_ACQUIRE);
}

int node_enter(int parent, enum node_kind kind)
{
    for (int i = 0; i < NODES; i++) {
        enum state expected = FREE;
        if (!__atomic_compare_exchange_n(&nodes[i].state, &expected, TAKEN, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_RELAXED))
            continue;
        __atomic_store_n(&nodes[i].parent, parent, __ATOMIC_RELEASE);
        __atomic_store_n(&nodes[i].kind, kind, __ATOMIC_RELEASE);
        __atomic_store_n(&nodes[i].state, ENTERED, __ATOMIC_RELEASE);
        return i;
    }
    return -1;
}

void node_add_process(int node, pid_t pid)
{
    for (int i = 0; i < OWN_PROCESSES; i++) {
        pid_t expected = 0;
        if (__atomic_compare_exchange_n(&nodes[node].processes[i], &expected, pid, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return;
    }
}

static bool exists(pid_t pid)
{
    return pid > 0 && (kill(pid, 0) == 0 || errno != ESRCH);
}

static bool has_process(int node)
{
    for (int i = 0; i < OWN_PROCESSES; i++) {
        if (exists(__atomic_load_n(&nodes[node].processes[i], __ATOMIC_ACQUIRE)))
            return true;
    }
    return false;
}

/* What a killed server leaves is ended by the root, unordered, but within a second. */
static bool lives_on(int node)
{
    enum { SECOND = 1000000000 };

    while (has_process(node)) {
        int64_t killed = __atomic_load_n(&shared->server_killed, __ATOMIC_ACQUIRE);
        if (killed == 0 || now() > killed + 2 * (int64_t)SECOND)
            return true;
        poll(NULL, 0, 1);
    }
    return false;
}

static void outlived(int node, const char *how)
{
    const struct node *n = &nodes[node];

    if (__atomic_fetch_add(&shared->counts.outlived, 1, __ATOMIC_RELAXED) == 0)
        snprintf(shared->counts.first_outlived, sizeof shared->counts.first_outlived,
                 "%s: kind %d, processes %d %d %d %d", how, (int)n->kind, (int)n->processes[0],
                 (int)n->processes[1], (int)n->processes[2], (int)n->processes[3]);
}

static void forget(int node)
{
    for (int i = 0; i < OWN_PROCESSES; i++)
        __atomic_store_n(&nodes[node].processes[i], 0, __ATOMIC_RELEASE);
    __atomic_store_n(&nodes[node].state, FREE, __ATOMIC_RELEASE);
}

/* Tasks and calls forget themselves at their end. A call whose task was cut short has not. */
static void end_below(int parent)
{
    for (int i = 0; i < NODES; i++) {
        if (state_of(i) <= TAKEN || __atomic_load_n(&nodes[i].parent, __ATOMIC_ACQUIRE) != parent)
            continue;
        add(&shared->counts.checks);
        if (__atomic_load_n(&nodes[i].kind, __ATOMIC_ACQUIRE) == NODE_OF_TASK || lives_on(i))
            outlived(i, "a task or call below an ended node");
        end_below(i);
        forget(i);
    }
}

void node_end(int node)
{
    __atomic_store_n(&nodes[node].state, ENDED, __ATOMIC_RELEASE);
    end_below(node);
    if (lives_on(node))
        outlived(node, "a process of an ended call");
    forget(node);
}

/* The parent is examined first: if it has ended by then, all below it had to be gone before. */
void nodes_check(void)
{
    for (int i = 0; i < NODES; i++) {
        int parent = __atomic_load_n(&nodes[i].parent, __ATOMIC_ACQUIRE);
        if (state_of(i) != ENTERED || parent < 0 || state_of(parent) != ENDED)
            continue;
        add(&shared->counts.checks);
        if (has_process(i) && state_of(parent) == ENDED && state_of(i) == ENTERED && lives_on(i) &&
            __atomic_load_n(&nodes[i].parent, __ATOMIC_ACQUIRE) == parent)
            outlived(i, "seen from outside");
    }
}

pid_t node_process(uint64_t number)
{
    for (unsigned i = 0; i < NODES * OWN_PROCESSES; i++) {
        const struct node *node = &nodes[(number + i) % NODES];
        unsigned place = (unsigned)(number / NODES) % OWN_PROCESSES;
        pid_t pid = __atomic_load_n(&node->processes[place], __ATOMIC_ACQUIRE);
        if (pid > 0)
            return pid;
        number += i % NODES == NODES - 1 ? NODES : 0;
    }
    return 0;
}
