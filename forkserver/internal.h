/*
 * internal.h - what the files of the fork server share
 */
#ifndef FORKSCOPE_FORKSERVER_INTERNAL_H
#define FORKSCOPE_FORKSERVER_INTERNAL_H

#include "forkserver/children.h"
#include "forkserver/forkserver.h"
#include "forkserver/purge.h"
#include "forkserver/rest.h"
#include "forkserver/token.h"
#include "src/wire/frame.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Nanoseconds without an event after which there is time for what nobody waits for. Longer than a
 * call, so that a row of calls is not interrupted, and so short that who calls each millisecond
 * finds the work done.
 */
enum { FORKSERVER_QUIET = 400 * 1000 };

/* Nanoseconds that who was killed is left before its tracers are looked for, and again. */
enum { FORKSERVER_RELEASE = 100 * 1000 * 1000 };

/* The children ahead of need; what is offered already stands in the host's client. */
struct spares {
    unsigned least;             /* this server's share of what was configured */
    unsigned wanted;            /* more than that after bursts */
    bool filling;               /* from none to all */
    int64_t dry_at;             /* when the host last had none */
    int64_t not_before;         /* forks fail, or children die at birth */
    unsigned stillborn;         /* children in a row that died as soon as they were born */
    struct child *held[WIRE_MAX_OFFERS];    /* forked, and to be offered together */
    unsigned held_count;
};

/*
 * A pair of sockets: each child has one end from its birth until it has closed all that is not its
 * own. The other end hangs up when all have done so, and none can take that back. -1: closed.
 */
struct births {
    int mark;                   /* for those to come; its other end */
    int seen;
    int earlier;                /* the other end of those before, while some have theirs */
    int64_t give_up_at;         /* the latest moment for these */
};

/* The state of one server process. */
struct server {
    const struct forkserver_options *options;
    struct spares spares;
    struct rlimit host_descriptors; /* the host's limit, which its children get back */
    pid_t pid;
    pid_t root;
    int root_link;
    int host_pidfd;
    int epoll;
    int signals;                /* signalfd for SIGCHLD */
    int kin;                    /* /proc/.../children of this process, -1 if the kernel has none */
    bool own_proc;              /* /proc counts processes as they are counted here */
    int vmstat;                 /* /proc/vmstat */
    unsigned long long oom_kills;
    struct client host;
    struct children children;
    bool signalled;             /* a child has stopped or died */
    struct births births;
    struct list young;          /* children of the last second, oldest first */
    int64_t young_until;        /* when the oldest of them gets a pidfd */
    bool no_vigil;              /* there are no pidfds here */
    bool renewed;               /* its memory has been */
    bool ending;
    bool leave;                 /* everything is gone */
    int64_t wake_at;            /* the next moment at which something is due, INT64_MAX if none */
    struct wire_board *board;   /* this server's */
    int64_t look_at;            /* when it is looked at for children that have answered and stay */
    struct rest rest;
    struct tokens tokens;
    struct purge purge;
    struct wire_offer offers[WIRE_MAX_OFFERS];  /* being sent; on the stack a fork would copy them */
    struct wire_reborn reborn;  /* the same */
    struct wire_frame frame;    /* the message at hand */
    unsigned char body[256];    /* of it: no request is longer */
};

/*
 * settle.c: from a copy of the host to a process that only serves. keep: descriptors to keep; held:
 * low numbers to keep as well. Once the host's own are closed, the root holds these and the
 * standard streams by /dev/null; without one the process ends.
 */
void forkserver__settle(const char *name, const int *keep, unsigned keep_count, uint64_t held);
void forkserver__hold_numbers(uint64_t held);
void forkserver__close_but(const int *keep, unsigned keep_count, uint64_t held);

/* renew.c: once, when there is time. */
void forkserver__renew_memory(void);

/* server.c */
void forkserver__server_main(const struct forkserver_options *options, unsigned index,
                             int host_link, int root_link, int host_pidfd)
    __attribute__((noreturn));

/* client.c: the requests of the host and of children that spawn children. */
int forkserver__client_open(struct server *s, struct client *client);
void forkserver__client_readable(struct server *s, struct client *client);
void forkserver__client_close(struct server *s, struct client *client);
/* Gives the link back, which the client has no use for any more. */
void forkserver__client_free(struct server *s, struct client *client);

/*
 * spawn.c: forks a child, and offers those that were forked to who asked for them. patience: how
 * long it waits to be taken; awaited: somebody wants it already, or will soon. Returns 0 or -errno.
 * Who cannot be told of a child does not get it.
 */
int forkserver__spawn(struct server *s, struct client *asker, int64_t patience, bool awaited,
                      struct child **ret_child);
int forkserver__offer(struct server *s, struct client *asker, struct child *const *children,
                      unsigned count);

/* quota.c */
/* How many of so many children a client may have. */
unsigned forkserver__quota_grant(const struct server *s, const struct client *client,
                                 unsigned count);
/* Are there as many nested children as there may be? */
bool forkserver__quota_full(const struct server *s, const struct client *client);
/* One more, or one less. */
void forkserver__quota_count(struct server *s, const struct client *asker, int change);

/* A child that left its call unread has another process for it. False when none can be had. */
bool forkserver__respawn(struct server *s, struct child *child);

/* spares.c */
void forkserver__spares_init(struct spares *spares, unsigned count);
/* Nanoseconds without an event after which one is to be added, -1: none is missing. */
int64_t forkserver__spares_pause(struct server *s);
void forkserver__spares_add(struct server *s);
/* Offers those that are held back for company; returns how many. */
unsigned forkserver__spares_offer(struct server *s);
/* One of those has died. */
void forkserver__spares_drop(struct spares *spares, struct child *child);
/* The host has none left; a child of its own has died. */
void forkserver__spares_ran_dry(struct spares *spares);
void forkserver__spares_lost_one(struct server *s, const struct child *child);

/* vigil.c: the deaths of children that are traced. */
void forkserver__vigil_add(struct server *s, struct child *child);
/* It has been reaped. */
void forkserver__vigil_end(struct server *s, struct child *child);
/* Of those that are old enough. */
void forkserver__vigil_keep(struct server *s, int64_t now);
void forkserver__vigil_event(struct server *s, enum watch *death);
/* What the next child is to have until it has closed what is not its own. Returns it, or -errno. */
int forkserver__vigil_mark(struct server *s);
/* Is there no child that was forked and has not come to its first steps? */
bool forkserver__vigil_started(struct server *s);

/* stop.c: a child has stopped, or may have, if there is a stop that has not been looked at yet. */
void forkserver__on_stop(struct server *s, pid_t pid);
void forkserver__stopped(struct server *s, struct child *child);
void forkserver__heed_stop(struct server *s, pid_t pid);

/* reap.c: deaths become events. */
void forkserver__reap(struct server *s);
/* Only what the kernel has to say of deaths: if it has signalled any, or in any case. */
void forkserver__reap_now(struct server *s);
/* All that there is now, with so many processes that are neither children nor reporters. */
void forkserver__reap_all(struct server *s, unsigned strangers);

/* death.c: how they are told. */
/* True when told, or when nobody will ever hear it; false while there is no room. */
bool forkserver__death_tell(struct server *s, struct child *child);
/* Is there a call in its channel that another process can take instead? */
bool forkserver__death_is_none(const struct server *s, struct child *child);
/* The same ahead of time, of one that lingers; false while there is no room. */
bool forkserver__death_foretell(struct child *child);
/* Nothing is waited for any more. */
void forkserver__death_told(struct server *s, struct child *child);
/* To who asks for word of a child that is not there any more. */
void forkserver__death_unknown(const struct client *asker, uint64_t id);

/* ending.c: everything that ends a child before its time. */
void forkserver__end_child(struct server *s, struct child *child, int signal, int64_t grace,
                           enum wire_end_cause cause);
/* It is dead, or has been killed, and has a while for that. */
void forkserver__expect_end(struct server *s, struct child *child);
/* The child did not die by itself after all: an end that was put off for that goes on. */
void forkserver__resume_end(struct server *s, struct child *child);
void forkserver__limit_child(struct server *s, struct child *child, int64_t deadline);
void forkserver__end_nested(struct server *s, const struct client *asker);
void forkserver__end_all(struct server *s, int signal, int64_t grace, enum wire_end_cause cause);
/* Those that have answered and stay: now, or soon after what the host has marked last. */
void forkserver__look_soon(struct server *s);
void forkserver__due(struct server *s, int64_t now);
/* Has the loop turn once more at this moment at the latest. */
void forkserver__wake_by(struct server *s, int64_t when);

/*
 * kin.c: the processes that were left to this one. Returns how many are still there. since: the
 * oldest process that any of them may descend from; without /proc nothing older is looked at.
 */
int forkserver__kin_open(void);
unsigned forkserver__end_strangers(int kin, const struct children *children, pid_t since);

/* Of more than that the number alone is known. */
struct strangers {
    unsigned count;
    pid_t pids[REST_MOST];
};

/* The same, and which they are. */
unsigned forkserver__find_strangers(int kin, const struct children *children, pid_t since,
                                    struct strangers *ret_strangers);

/* tracer.c: ends those below the root that trace a process which was killed. */
void forkserver__end_tracers(pid_t root, pid_t pid);

/* rest.c: whether all is gone that the dead have left. */
void forkserver__rest_born(struct server *s, struct child *child);
void forkserver__rest_died(struct server *s, struct child *child);
/* A process that was no child has been reaped. */
void forkserver__rest_gone(struct server *s, pid_t pid);
void forkserver__rest_look(struct server *s);
/* There is no child left. Is there nothing else either? */
bool forkserver__rest_end(struct server *s);

/*
 * report.c: backtraces of children that hang or have stopped, made by a process of their own, the
 * reporter; false when there will be none. reporter_died is told of every process that died and was
 * no child; report_end is for one that is to wait no longer. Both let the child proceed to its fate.
 */
bool forkserver__report_hang(struct server *s, struct child *child);
bool forkserver__report_stop(struct server *s, struct child *child);
void forkserver__report_end(struct server *s, struct child *child);
bool forkserver__is_reporter(const struct children *children, pid_t pid);
void forkserver__reporter_died(struct server *s, pid_t pid, int status);

#endif
