/*
 * children.h - the children that a server has forked, and those who ask for them
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_H
#define FORKSCOPE_FORKSERVER_CHILDREN_H

#include "forkserver/link.h"
#include "src/base/list.h"
#include "src/crash/backtrace.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct child;

/* What an epoll event belongs to; the first member of whatever is watched. */
enum watch { WATCH_ROOT, WATCH_HOST, WATCH_SIGNALS, WATCH_CLIENT, WATCH_ROOM, WATCH_DEATH };

/* Somebody who asks for children: the host, or a child. */
struct client {
    enum watch watch;
    struct link link;
    bool closed;                /* its requests are heard no more */
    struct child *owner;        /* NULL: the host */
    uint32_t credits;           /* children asked for and not yet offered */
    uint32_t spares;            /* offers that nobody is known to have taken */
    uint64_t epoch;             /* one more with each FORK: earlier offers are taken */
    uint32_t children;          /* alive */
};

/* A backtrace in the making, by a process that unwinds the child. */
struct report {
    pid_t pid;                  /* 0: none */
    int memfd;                  /* of the whole report; -1: there will be none */
    struct backtrace_brief *brief;  /* shared memory */
    bool stopped_again;         /* the child has stopped since, which may be for a crash */
    int64_t give_up_at;
};

/* A child's life here. */
enum child_state {
    CHILD_ALIVE,                /* forked; again after a raised failure was unwound */
    CHILD_REPORTING,            /* it stopped itself, or its deadline passed: it is being unwound */
    CHILD_DEAD                  /* reaped, while children of its own or strangers are still there */
};

/* Its offer could not be sent: its death is not one of those that the asker holds. */
#define CHILD_NEVER_OFFERED UINT64_MAX

/* An end that was asked for while the child seemed to die by itself. */
struct put_off {
    int signal;
    int64_t grace;
    enum wire_end_cause cause;
    int64_t until;              /* then it is killed */
    int64_t kill_at;            /* what held before */
};

struct child {
    struct client client;       /* what it asks for */
    struct report report;
    enum child_state state;
    bool stopped;               /* it has stopped itself to be unwound */
    bool expected;              /* it is dead, or was killed */
    bool withheld;              /* it is dead, and its tracer keeps it from being reaped */
    bool examined;              /* a reporter has traced it, and may have withheld it */
    int64_t late_at;            /* when its end is told though it lingers; INT64_MAX: not yet, or told */
    bool unwanted;              /* its end was asked for when it was dead already */
    unsigned rebirths;          /* how often another process has taken its place */
    struct list in_reborn;      /* once that has happened */
    bool awaited;               /* the asker wants word of its end beside the channel */
    bool alone;                 /* dead, and nothing that it left is there any more */
    bool rid;                   /* dead, and nothing has been seen that its death can have left */
    uint64_t born_look;         /* what it leaves is seen first by this look (rest.h) or later */
    uint64_t died_look;         /* the same of what its death left */
    int64_t died_at;            /* when it was reaped */
    bool shut;                  /* dead, and nothing comes into its channel any more */
    bool unread;                /* dead, and a call is there */
    bool watched;               /* dead, and its channel is watched for room to say so */
    bool clogged;               /* there is none yet */
    enum watch room;            /* WATCH_ROOM, for that */
    int pidfd;                  /* readable when it is dead, though it may be traced; -1: none yet */
    enum watch death;           /* WATCH_DEATH, for that */
    struct list in_young;       /* it is younger than a second */
    int64_t release_at;         /* its end is expected: when its tracers are looked for */
    bool overtime;              /* its deadline passed while it was, and has been put off */
    unsigned depth;             /* of children between the host and its asker, that included */
    uint64_t id;
    struct wire_token token;    /* proves to the spawner that the server speaks */
    pid_t pid;
    unsigned slot;              /* of its mark on the board; WIRE_BOARD_SLOTS: none */
    int channel;                /* the child's end, to tell the end of the child; -1: closed */
    int offered;                /* the spawner's end, until it has been sent; -1: sent */
    struct client *asker;       /* NULL: the asker has gone */
    uint64_t epoch;             /* of the asker when it was offered, or CHILD_NEVER_OFFERED */
    int64_t born;
    int64_t deadline;           /* INT64_MAX: none */
    int64_t kill_at;
    struct put_off put_off;
    enum wire_end_cause kill_cause; /* of that, if nothing else has ended it by then */
    enum wire_end_cause cause;
    int status;                 /* from here on: set when dead */
    struct rusage usage;
    struct child *next;         /* in its bucket, or among the unused */
    struct child *next_dead;
};

enum { CHILDREN_BUCKETS = 1024, CHILDREN_LATE = 16 };

struct children {
    struct child *buckets[CHILDREN_BUCKETS];
    struct child *unused;
    unsigned made;              /* all that there are */
    struct child *dead;         /* those in CHILD_DEAD */
    struct list reborn;         /* those that may be known by an earlier process id */
    pid_t late[CHILDREN_LATE];  /* reporters that have been killed and are not dead yet */
    unsigned late_count;
    unsigned count;
    uint64_t last_id;
};

/* A new child in the table, without a process. NULL when out of memory. */
struct child *forkserver__child_new(struct children *children, struct client *asker);
/* Gives it its process, which puts it where forkserver__child_by_pid finds it. */
void forkserver__child_started(struct children *children, struct child *child, pid_t pid);
/* From now on it is dead. */
void forkserver__child_died(struct children *children, struct child *child);
/* A dead one has another process. */
void forkserver__child_reborn(struct children *children, struct child *child, pid_t pid);
/* Takes it out and frees it; closes nothing. */
void forkserver__child_free(struct children *children, struct child *child);

/* NULL if there is none, or if it is dead already. */
struct child *forkserver__child_by_pid(const struct children *children, pid_t pid);
/* The same by what its asker knows of it: the id, and the process id that it had at first. */
struct child *forkserver__child_by_id(const struct children *children, pid_t pid, uint64_t id);
/* Among the dead. */
struct child *forkserver__child_dead(const struct children *children, uint64_t id);

/* All children, in no order: next of NULL is the first one. The one at hand may be freed. */
struct child *forkserver__child_first(const struct children *children);
struct child *forkserver__child_next(const struct children *children, const struct child *child);

#endif
