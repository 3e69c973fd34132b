/*
 * state.h - the state of one server process
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_STATE_H
#define FORKSCOPE_FORKSERVER_CHILDREN_STATE_H

#include "forkserver/children/births.h"
#include "forkserver/children/children.h"
#include "forkserver/children/options.h"
#include "forkserver/children/spares.h"
#include "forkserver/children/token.h"
#include "forkserver/process/orphans.h"
#include "forkserver/process/purge.h"
#include "src/wire/frame.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* prefork.c: the spares held here. Those offered to the host are counted in its requester. */
struct prefork {
    struct spares spares;
    unsigned held_count;
    struct child *held[WIRE_MAX_OFFERS];    /* forked, to be offered in one message */
};

enum { REPORTERS_LATE = 16 };

/* reporter.c: the children that are examined; reporters that were killed and are not reaped yet. */
struct reporters {
    struct list examined;
    pid_t late[REPORTERS_LATE];
    unsigned late_count;
};

/* orphan_scan.c: an orphan, and the scan that saw it first. */
struct seen_orphan {
    pid_t pid;
    uint64_t since;             /* number of that scan */
    int64_t seen_at;
};

struct orphan_scans {
    uint64_t done;              /* number of scans, counted when one ends */
    bool wanted;                /* something has changed since the last scan */
    bool overflow;              /* there were more orphans than the table holds */
    int64_t next_at;            /* the next scan if nothing changes before; INT64_MAX: none */
    unsigned seen_count;
    struct seen_orphan seen[ORPHANS_MOST];
};

struct server {
    const struct forkserver_options *options;
    struct prefork prefork;
    struct rlimit host_descriptors; /* limits of the host, which children get back */
    pid_t pid;
    pid_t root;
    int root_link;
    int host_pidfd;
    int epoll;
    int signals;                /* signalfd for SIGCHLD */
    struct orphan_list proc_children;
    bool own_proc;              /* /proc shows the pid namespace of this process */
    int vmstat;                 /* /proc/vmstat, open */
    unsigned long long oom_kills;
    struct requester host;
    struct children children;
    struct reporters reporters;
    bool signalled;             /* a child may have stopped or died */
    struct births births;
    struct list young;          /* children forked within the last second, oldest first */
    int64_t young_until;        /* when the oldest of them gets a pidfd */
    bool no_pidfds;             /* the kernel has no pidfds */
    bool idle_done;             /* the steps of options->idle_step are done */
    bool remapped;              /* inherited memory was remapped */
    bool ending;
    bool leave;                 /* all processes are gone: exit */
    int64_t wake_at;            /* when the next timeout is due; INT64_MAX: none */
    struct wire_board *board;   /* this server's */
    int64_t check_answers_at;   /* when to look for children that answered but did not exit */
    int64_t check_again_at;     /* a look before this moment is not the last one */
    struct orphan_scans scans;
    struct tokens tokens;
    struct purge purge;
    /* Message being sent; on the stack a fork would copy it. */
    struct wire_offer offers[WIRE_MAX_OFFERS];
    struct wire_reborn reborn;  /* the same */
    struct wire_frame frame;    /* the message being received */
    unsigned char body[256];    /* its body; no request is longer */
};

#endif
