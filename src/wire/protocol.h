/*
 * protocol.h - the messages between host, root, servers and children
 *
 *      host ------- root            ROOT link: one socket pair made at init
 *       | \           | forks
 *       |  \------- server(s)       CLIENT link: one for the host to each server, one to its
 *       |             | forks                    server for each child
 *       \---------- child           CHANNEL: one for each child; its spawner holds the other end
 *
 * All links are unnamed AF_UNIX SOCK_SEQPACKET socket pairs: a message is a datagram, whole or
 * absent. Requests go down, answers and events come up, and a server never waits for another
 * process. It accepts no descriptors from a child (forkserver/children/link.h).
 *
 * A child is forked before its call is known. The server sends the spawner's end of the child's
 * channel up its client link (OFFER); a caller takes an offer and sends the call down the channel.
 * An unused offer is a spare. So a call with a spare ready costs two messages and involves no
 * server, and answers need no matching, because a channel belongs to one handle.
 *
 * The server keeps the child's end of each channel too. When the child is dead and reaped, the
 * server sends DEATH there, the last message. Two things distinguish the server's messages from the
 * child's: the kernel's credentials on each message, and the child's token. A process with
 * CAP_SYS_ADMIN may name any process as the sender; the token is known to the server and the
 * spawner alone.
 *
 * End of file without DEATH means that the server died, and the child with it; or that the child
 * has shut its channel down or fills it with messages of its own. Then the spawner asks for the end
 * of the child on its client link (AWAIT) and gets it there (ENDED). The root kills what a dead
 * server left, and reports when all of it is dead (GONE).
 *
 * If a child dies before it has received its CALL, the server can pass the child's end of the
 * channel to a new process, which receives the CALL. The spawner learns its process id by REBORN.
 * The server does that by itself, except for pool workers: their pool learns of the CALL by
 * wire_death.unread and decides.
 *
 * The run limit of a call begins with its function. The child tells that to its server, which may
 * have no link to it, by its end of the channel, which the server holds too: it sets
 * SO_LOCK_FILTER, which cannot be taken back, and shuts the reception down, which is an event for
 * the server. A child that has not begun has until wire_limit.until.
 *
 * A child that has answered is to exit. The host marks it on the board (board.h) and sends LOOK
 * from time to time, which is the smallest of the messages after which the server looks for answers;
 * the server then ends children that have not exited.
 *
 * A child that cannot be killed, or that left a process that cannot, does not delay its answer:
 * after a time limit it is reported dead while it lingers (wire_death.lingers). The report is
 * repeated once it is gone.
 *
 * A pool sends CALL after CALL down the channel of a persistent child, each after the answer to the
 * one before. The generation matches answers to calls.
 *
 *  number       link      from    to       fields                                  descriptors
 *  SERVER       ROOT      root    host     struct wire_server                      link, pidfd
 *  GONE         ROOT      root    host     struct wire_gone                        -
 *  REFUSED      ROOT      root    host     struct wire_refused                     -
 *  END          ROOT      host    root     struct wire_end                         -
 *  GROW         ROOT      host    root     struct wire_grow                        -
 *  FORK         CLIENT    client  server   struct wire_fork                        -
 *  END_CHILD    CLIENT    client  server   struct wire_end_child                   -
 *  LIMIT        CLIENT    client  server   struct wire_limit                       -
 *  AWAIT        CLIENT    client  server   struct wire_await                       -
 *  EXAMINE      CLIENT    client  server   struct wire_examine                     -
 *  LOOK         CLIENT    host    server   nothing                                 -
 *  CRASHED      CLIENT    child   server   nothing: it cannot stop itself          -
 *  READY        CLIENT    server  host     nothing                                 -
 *  READY        CLIENT    server  child    nothing: a REBORN one may begin         -
 *  OFFER        CLIENT    server  client   struct wire_offer for each child        their channels
 *  REFUSED      CLIENT    server  client   struct wire_refused                     -
 *  ENDED        CLIENT    server  client   struct wire_ended                       -
 *  EXAMINED     CLIENT    server  client   struct wire_examined, backtrace_brief   report, if any
 *  CALL         CHANNEL   spawner child    struct wire_call, then its parts        see call.h
 *  RESULT       CHANNEL   child   spawner  struct wire_value, then its text        see there
 *  FAILURE      CHANNEL   child   spawner  struct wire_failure, then four strings  -
 *  BACKTRACE    CHANNEL   server  spawner  struct wire_token, backtrace_brief      report, if any
 *  DEATH        CHANNEL   server  spawner  struct wire_death                       -
 *  REBORN       CHANNEL   server  spawner  struct wire_reborn                      -
 *  VALUE        user's    sender  receiver struct wire_value, then its text        see there
 *  CAPTURE      own       spawner collector struct wire_capture                    memory, pipes
 *  DRAIN        own       spawner collector struct wire_drain                      -
 *  LEARN        own       spawner learner  nothing                                 memory
 *  LISTENER     own       child   learner  nothing                                 listener
 *
 * Both ends run the same image, so structures are sent as they lie in memory, each padded to eight
 * bytes with named fields only. The receiver checks the length against the structure, every count
 * against a limit, and the sender where the table names one; any other message is refused before it
 * is decoded.
 */
#ifndef FORKSCOPE_WIRE_PROTOCOL_H
#define FORKSCOPE_WIRE_PROTOCOL_H

#include <stdint.h>

enum wire_type {
    WIRE_SERVER = 1,
    WIRE_GONE,
    WIRE_END,
    WIRE_FORK,
    WIRE_END_CHILD,
    WIRE_LIMIT,
    WIRE_AWAIT,
    WIRE_LOOK,
    WIRE_READY,
    WIRE_OFFER,
    WIRE_REFUSED,
    WIRE_ENDED,
    WIRE_CALL,
    WIRE_RESULT,
    WIRE_FAILURE,
    WIRE_BACKTRACE,
    WIRE_DEATH,
    WIRE_REBORN,
    WIRE_VALUE,
    WIRE_CAPTURE,
    WIRE_DRAIN,
    WIRE_GROW,
    WIRE_LEARN,
    WIRE_LISTENER,
    WIRE_EXAMINE,
    WIRE_EXAMINED,
    WIRE_CRASHED
};

enum {
    WIRE_MAX_BODY = 48 * 1024,      /* bytes after the header; fits any socket buffer */
    WIRE_MAX_FDS = 64,              /* descriptors of one message (the kernel allows 253) */
    WIRE_MAX_FORKS = 1024,          /* children of one request */
    WIRE_MAX_OFFERS = 16,           /* children of one message */
    WIRE_NONE = -1,
    WIRE_UNHEARD = 113              /* exit status of a child that has lost its channel */
};

struct wire_header {
    uint32_t type;                  /* enum wire_type */
    uint32_t fd_count;              /* descriptors sent; if fewer arrived, some were truncated */
    uint64_t length;                /* of the body, in bytes */
};

struct wire_server {
    uint64_t serial;                /* increases with each server, across all indexes */
    uint32_t index;                 /* 0 to the number of servers - 1; a reused index replaces it */
    int32_t pid;
};

/* All servers with this index and a serial up to this one are dead, with all their children. */
struct wire_gone {
    uint64_t serial;
    uint32_t index;
    uint32_t padding;
};

/* The root is to have so many servers. */
struct wire_grow {
    uint32_t servers;
    uint32_t padding;
};

struct wire_end {
    int64_t grace;                  /* nanoseconds between SIGTERM and SIGKILL */
};

/* Asks for children. A client sends it only after it has taken all earlier offers. */
struct wire_fork {
    uint32_t count;
    uint32_t padding;
};

/* Ends a child: sends the signal now, SIGKILL after the grace (nanoseconds). */
struct wire_end_child {
    uint64_t id;
    int32_t pid;
    int32_t signal;
    int64_t grace;
    uint32_t cause;                 /* who wants its end: one of the first of enum wire_end_cause */
    uint32_t padding;
};

enum wire_limit_kind { WIRE_LIMIT_TOTAL, WIRE_LIMIT_RUN, WIRE_LIMIT_KINDS };

/* A time limit of a call. Of the run: it passes earlier if the function begins earlier. */
struct wire_limit {
    uint64_t id;
    int64_t until;                  /* when it passes; CLOCK_MONOTONIC, nanoseconds */
    int64_t length;                 /* nanoseconds */
    int32_t pid;
    uint32_t kind;                  /* enum wire_limit_kind */
};

/* Random bytes for each child. The server draws them where the child gets no copy. */
struct wire_token {
    uint64_t word[2];
};

/* Asks for an ENDED message about a child's end. May be repeated. */
struct wire_await {
    uint64_t id;
    int32_t pid;
    uint32_t kill;                  /* 1: kill the child */
};

/* Asks for a report on a child that runs. */
struct wire_examine {
    uint64_t id;
    uint64_t question;              /* comes back with the answer; not 0 */
    int32_t pid;
    uint32_t padding;
};

/*
 * error: 0, and the brief follows; -ESRCH: no such child; -EBUSY: it is examined already, or is
 * ending; -ENOTSUP, -EAGAIN: there will be no report.
 */
struct wire_examined {
    uint64_t question;
    int32_t error;
    uint32_t padding;
};

struct wire_offer {
    struct wire_token token;
    uint64_t id;                    /* never reused by this server */
    int32_t pid;
    uint32_t slot;                  /* of its mark (board.h); WIRE_BOARD_SLOTS: it has none */
};

/*
 * Answers for children that could not be made. From the root, or before READY, it refers to the
 * server itself.
 */
struct wire_refused {
    int32_t error;                  /* errno value or a code of error.h, positive */
    uint32_t count;
};

/* When the called function began and ended: nanoseconds, CLOCK_MONOTONIC; 0: it did not. */
struct wire_times {
    int64_t began;
    int64_t ended;
};

enum wire_place {
    WIRE_INLINE,                    /* behind the structure */
    WIRE_IN_MEMFD,                  /* sealed */
    WIRE_IN_BUFFER                  /* RESULT: the worker's standing buffer for results */
};

/*
 * JSON text and its attachments (src/value/attachments.h). The descriptors are those that the text
 * refers to, in their order (src/value/message.h), then the memfd.
 */
struct wire_value {
    uint64_t generation;            /* of the CALL; 0 in a VALUE */
    uint64_t length;                /* of the text */
    uint64_t attached_length;       /* of what follows it: the table and the attachments */
    uint64_t attached_count;
    uint32_t place;                 /* enum wire_place */
    uint32_t reserved_keys;         /* the text has keys of the library: placeholders or escapes */
    uint32_t failed;                /* RESULT: the value says how the function failed (src/value/
                                     * failure.h) */
    uint32_t leaving;               /* RESULT: the child takes no other call, and exits */
    struct wire_times times;        /* RESULT */
};

/* The place where a failure arose determines its kind. */
enum wire_failure_kind {
    WIRE_FAILURE_PANIC = 1,
    WIRE_FAILURE_JSON,
    WIRE_FAILURE_SETUP,
    WIRE_FAILURE_IO
};

/* Followed by message, file and function, each with a length before it. */
struct wire_failure {
    uint32_t kind;
    int32_t error;                  /* errno value, 0 if none */
    int32_t line;
    uint32_t keep_alive;            /* the child waits for its next CALL */
    uint64_t generation;            /* of the CALL */
    struct wire_times times;
};

/* What ended the process, if the library did. The first cause is kept. */
enum wire_end_cause {
    WIRE_ENDED_BY_ITSELF = 0,
    WIRE_ENDED_BY_KILL,         /* as one of the next four, or by the library's own decision */
    WIRE_ENDED_BY_PROGRAM,      /* procspawn_kill */
    WIRE_ENDED_BY_TERMINATE,    /* procspawn_terminate */
    WIRE_ENDED_BY_SCOPE,        /* end of the scope that the process is in */
    WIRE_ENDED_BY_POOL,         /* end of the pool that the worker belongs to */
    WIRE_ENDED_BY_TOTAL_LIMIT,
    WIRE_ENDED_BY_RUN_LIMIT,
    WIRE_ENDED_BY_OOM,
    WIRE_ENDED_BY_LOSS          /* loss of the root */
};

struct wire_death {
    struct wire_token token;
    int32_t status;                 /* as wait4() gives it */
    uint32_t cause;                 /* enum wire_end_cause */
    uint32_t unread;                /* 1: the child never received the CALL sent to it */
    uint32_t lingers;               /* 1: reported dead but not yet gone; a second report follows */
    int64_t limit;                  /* length of the limit that is the cause, in nanoseconds */
    int64_t user_time;              /* microseconds */
    int64_t system_time;
    int64_t max_rss;                /* KiB */
    int64_t minor_faults;
    int64_t major_faults;
    int64_t voluntary_switches;
    int64_t involuntary_switches;
};

/* The child died before it received its CALL; another process took over its channel. */
struct wire_reborn {
    struct wire_token token;
    int32_t pid;
    uint32_t padding;
};

/* The output of a call is to be kept in this memory; a pipe for each of the streams. */
struct wire_capture {
    uint64_t id;                    /* never reused by this process */
    uint64_t size;                  /* of the memory, in bytes */
    uint64_t limit;                 /* bytes kept of each stream */
};

/* What lies in the pipes of this call is to be read now. */
struct wire_drain {
    uint64_t id;
};

/* A child is dead. known: 1 if `death` is valid; otherwise only the id is. */
struct wire_ended {
    uint64_t id;
    uint32_t known;
    uint32_t padding;
    struct wire_death death;
};

#endif
