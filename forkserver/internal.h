/*
 * internal.h - types and functions shared by the files of the fork server
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
 * Idle time before the server does background work, in nanoseconds. Longer than one call, so that
 * back-to-back calls are not delayed; below 1 ms, so that the work is done before the next call of
 * a 1 kHz caller.
 */
enum { FORKSERVER_QUIET = 400 * 1000 };

/* Nanoseconds between a kill and the search for tracers of the process, and between searches. */
enum { FORKSERVER_RELEASE = 100 * 1000 * 1000 };

/* The spares held here. Spares that the host has been offered are counted in its client. */
struct spares {
    unsigned least;             /* this server's share of the configured number */
    unsigned wanted;            /* current target; above `least` after bursts */
    bool filling;               /* none are left: refill up to `wanted` */
    int64_t dry_at;             /* when the host last ran out of spares */
    int64_t not_before;         /* after a failed fork or early deaths */
    unsigned stillborn;         /* children in a row that died right after the fork */
    struct child *held[WIRE_MAX_OFFERS];    /* forked, to be offered in one message */
    unsigned held_count;
};

/*
 * Detects that all children forked so far have closed their inherited descriptors. Each child holds
 * one end of a socket pair until it has; when the last has closed it, the other end hangs up. -1:
 * closed.
 */
struct births {
    int mark;                   /* the end for new children; `seen` is its other end */
    int seen;
    int earlier;                /* the other end for earlier children, while any holds its end */
    int64_t give_up_at;         /* when to stop waiting for the earlier children */
};

/* The state of one server process. */
struct server {
    const struct forkserver_options *options;
    struct spares spares;
    struct rlimit host_descriptors; /* limits of the host, which children get back */
    pid_t pid;
    pid_t root;
    int root_link;
    int host_pidfd;
    int epoll;
    int signals;                /* signalfd for SIGCHLD */
    int kin;                    /* /proc/.../children of this process; -1 if not available */
    bool own_proc;              /* /proc shows the pid namespace of this process */
    int vmstat;                 /* /proc/vmstat, open */
    unsigned long long oom_kills;
    struct client host;
    struct children children;
    bool signalled;             /* a child may have stopped or died */
    struct births births;
    struct list young;          /* children forked within the last second, oldest first */
    int64_t young_until;        /* when the oldest of them gets a pidfd */
    bool no_vigil;              /* the kernel has no pidfds */
    bool renewed;               /* inherited memory was remapped */
    bool ending;
    bool leave;                 /* all processes are gone: exit */
    int64_t wake_at;            /* when the next timeout is due; INT64_MAX: none */
    struct wire_board *board;   /* this server's */
    int64_t look_at;            /* when to look for children that answered but did not exit */
    struct rest rest;
    struct tokens tokens;
    struct purge purge;
    /* Message being sent; on the stack a fork would copy it. */
    struct wire_offer offers[WIRE_MAX_OFFERS];
    struct wire_reborn reborn;  /* the same */
    struct wire_frame frame;    /* the message being received */
    unsigned char body[256];    /* its body; no request is longer */
};

/*
 * daemonize.c. keep: descriptors to keep; held: bit set of low numbers to keep as well.
 * forkserver__hold_numbers is for the root, after the host's descriptors are closed: it opens
 * /dev/null under the held numbers and the standard streams; exits if there is no /dev/null and no
 * memfd.
 */
void forkserver__settle(const char *name, const int *keep, unsigned keep_count, uint64_t held);
void forkserver__hold_numbers(uint64_t held);
void forkserver__close_but(const int *keep, unsigned keep_count, uint64_t held);

/* remap.c. Called once, when the server is idle. */
void forkserver__renew_memory(void);

/* server.c */
void forkserver__server_main(const struct forkserver_options *options, unsigned index,
                             int host_link, int root_link, int host_pidfd)
    __attribute__((noreturn));

/* requests.c: requests for children, by the host and by children. */
int forkserver__client_open(struct server *s, struct client *client);
void forkserver__client_readable(struct server *s, struct client *client);
void forkserver__client_close(struct server *s, struct client *client);
/* Closes the link; the client can no longer use it. */
void forkserver__client_free(struct server *s, struct client *client);

/*
 * spawn.c: forks a child, and sends offers. patience: idle timeout as a spare; awaited: a call
 * waits for the child or soon will. Both return 0 or -errno. If an offer cannot be sent, its
 * channel is closed and the child exits.
 */
int forkserver__spawn(struct server *s, struct client *asker, int64_t patience, bool awaited,
                      struct child **ret_child);
int forkserver__offer(struct server *s, struct client *asker, struct child *const *children,
                      unsigned count);

/* quota.c */
/* Returns how many of `count` requested children the client may have. */
unsigned forkserver__quota_grant(const struct server *s, const struct client *client,
                                 unsigned count);
/* Is the limit of all nested children reached? */
bool forkserver__quota_full(const struct server *s, const struct client *client);
/* Adds `change` to the count of nested children, if the asker is a child. */
void forkserver__quota_count(struct server *s, const struct client *asker, int change);

/*
 * spawn.c: forks a new process for a child that died before it received its call. Returns false if
 * that fails.
 */
bool forkserver__respawn(struct server *s, struct child *child);

/* spares.c */
void forkserver__spares_init(struct spares *spares, unsigned count);
/* Idle time to wait before forking one more spare; -1: none is to be forked now. */
int64_t forkserver__spares_pause(struct server *s);
void forkserver__spares_add(struct server *s);
/* Offers the spares that are held. Returns how many were offered. */
unsigned forkserver__spares_offer(struct server *s);
/* A held spare died: removes it. */
void forkserver__spares_drop(struct spares *spares, struct child *child);
/* ran_dry: the host has no spares left. lost_one: a child of the host died. */
void forkserver__spares_ran_dry(struct spares *spares);
void forkserver__spares_lost_one(struct server *s, const struct child *child);

/* death_watch.c: deaths of traced children. vigil_add: a child was forked. */
void forkserver__vigil_add(struct server *s, struct child *child);
/* The child was reaped. */
void forkserver__vigil_end(struct server *s, struct child *child);
/* Opens pidfds for children that have lived for a second. */
void forkserver__vigil_keep(struct server *s, int64_t now);
void forkserver__vigil_event(struct server *s, enum watch *death);
/*
 * Returns the descriptor that the next child holds until it has closed its inherited descriptors,
 * or -errno.
 */
int forkserver__vigil_mark(struct server *s);
/* Have all children so far closed their inherited descriptors? */
bool forkserver__vigil_started(struct server *s);

/*
 * stop.c. on_stop: a SIGCHLD for a stop. stopped: a stop to be examined. heed_stop: handles a
 * pending stop of this process at once.
 */
void forkserver__on_stop(struct server *s, pid_t pid);
void forkserver__stopped(struct server *s, struct child *child);
void forkserver__heed_stop(struct server *s, pid_t pid);

/* reap.c: handles pending deaths, and what follows from them. */
void forkserver__reap(struct server *s);
/* Handles pending stops and deaths if SIGCHLD has arrived. */
void forkserver__reap_now(struct server *s);
/*
 * Handles all pending stops and deaths; `strangers`: how many processes may be neither children nor
 * reporters.
 */
void forkserver__reap_all(struct server *s, unsigned strangers);

/* death.c: reports of deaths. */
/* Sends DEATH, and ENDED if it is awaited. Returns false if the caller must try again. */
bool forkserver__death_tell(struct server *s, struct child *child);
/* Does the channel hold a call that another process can take over? */
bool forkserver__death_is_none(const struct server *s, struct child *child);
/* Sends DEATH ahead of time, for a child that lingers. Returns false while there is no space. */
bool forkserver__death_foretell(struct child *child);
/* The death was reported: stops watching the channel. */
void forkserver__death_told(struct server *s, struct child *child);
/* Answers AWAIT for a child that no longer exists. */
void forkserver__death_unknown(const struct client *asker, uint64_t id);

/* terminate.c: all that ends a child before it exits by itself. */
void forkserver__end_child(struct server *s, struct child *child, int signal, int64_t grace,
                           enum wire_end_cause cause);
/* The child is dead or was killed: starts the timeouts for its end. */
void forkserver__expect_end(struct server *s, struct child *child);
/* The child was not dying after all: continues a deferred termination. */
void forkserver__resume_end(struct server *s, struct child *child);
void forkserver__limit_child(struct server *s, struct child *child, int64_t deadline);
void forkserver__end_nested(struct server *s, const struct client *asker);
void forkserver__end_all(struct server *s, int signal, int64_t grace, enum wire_end_cause cause);
/* Schedules a look at children that have answered but did not exit. */
void forkserver__look_soon(struct server *s);
void forkserver__due(struct server *s, int64_t now);
/* Makes the loop run at this moment at the latest. */
void forkserver__wake_by(struct server *s, int64_t when);

/*
 * orphans.c: kills processes that were reparented to this one. Returns how many still exist. kin:
 * descriptor of the list in /proc, or -1: then only process ids are tried that were assigned since
 * `since`, the oldest process that an orphan may descend from.
 */
int forkserver__kin_open(void);
unsigned forkserver__end_strangers(int kin, const struct children *children, pid_t since);

/* The first REST_MOST are listed; count may be higher. */
struct strangers {
    unsigned count;
    pid_t pids[REST_MOST];
};

/* As above, and lists the processes. */
unsigned forkserver__find_strangers(int kin, const struct children *children, pid_t since,
                                    struct strangers *ret_strangers);

/* tracer.c: kills processes below the root that trace pid, which was killed. */
void forkserver__end_tracers(pid_t root, pid_t pid);

/* rest.c: decides when all processes that a dead child left are gone. */
void forkserver__rest_born(struct server *s, struct child *child);
void forkserver__rest_died(struct server *s, struct child *child);
/* A process was reaped that was not a child. */
void forkserver__rest_gone(struct server *s, pid_t pid);
void forkserver__rest_look(struct server *s);
/* No child is left: returns true if no orphan is left either. */
bool forkserver__rest_end(struct server *s);

/*
 * reporter.c: backtraces of children that hang or have stopped, made by a reporter process. The
 * first two return false if there will be none. report_end sends what there is, without waiting for
 * the reporter. reporter_died is called for each reaped process that was not a child. After a
 * report the child continues, or is terminated.
 */
bool forkserver__report_hang(struct server *s, struct child *child);
bool forkserver__report_stop(struct server *s, struct child *child);
void forkserver__report_end(struct server *s, struct child *child);
bool forkserver__is_reporter(const struct children *children, pid_t pid);
void forkserver__reporter_died(struct server *s, pid_t pid, int status);

#endif
