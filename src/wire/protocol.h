/*
 * protocol.h - who says what to whom
 *
 *      host ------- root            ROOT link: one socket pair made at init
 *       | \           | forks
 *       |  \------- server(s)       CLIENT link: one for the host to each server, one to its
 *       |             | forks                    server for each child
 *       \---------- child           CHANNEL: one for each child, the other end held by who spawns
 *
 * All links are unnamed AF_UNIX SOCK_SEQPACKET socket pairs: a message is a datagram, whole or not
 * there. Requests go down, answers and events come up, and a server never waits for anybody. It
 * takes no descriptors from a child (forkserver/link.h).
 *
 * A child is made before anybody knows what it is for. The server sends the spawner's end of the
 * child's channel up its client link (OFFER); any caller takes any offer and sends the call down
 * the channel. An offer that waits is a spare. So a call with a spare ready costs two messages and
 * touches no server, and answers need no matching, because a channel belongs to one handle.
 *
 * The server keeps the child's end of each channel too. When the child is gone and reaped, it says
 * so there (DEATH, the last message). Two things tell the server's words from the child's: the
 * kernel's credentials on each message, and the child's token. A process with CAP_SYS_ADMIN may name
 * any process as the sender; the token is known to the server and the spawner alone.
 *
 * End of file without DEATH means that the server died, and the child with it; or that the child
 * has shut its channel down or fills it with words of its own. Then the spawner asks for the word
 * on its client link (AWAIT), and has it there (ENDED). What a server left that died is ended by the
 * root, which says when all of it is gone (GONE).
 *
 * A CALL that a dead child left unread is as good as new. The server gives the child's end of the
 * channel to another process, whose first message it is then (REBORN). Only a pool, which knows what
 * state its workers are in, does that by itself (wire_death.unread).
 *
 * A child that has answered is to leave. The host marks it on the board (board.h) and asks for a look
 * (LOOK) now and then; the server ends those that stay.
 *
 * What cannot be ended - the process itself, or something that it left - keeps nobody waiting for an
 * answer: after a while the child is said to be dead while it lingers. The same word comes again
 * when it is true.
 *
 * A pool sends CALL after CALL down the channel of a child that stays, each when the answer to the
 * one before is there. Their generations tell them apart.
 *
 *  number       link      from    to       fields                                  descriptors
 *  SERVER       ROOT      root    host     struct wire_server                      link, pidfd
 *  GONE         ROOT      root    host     struct wire_gone                        -
 *  REFUSED      ROOT      root    host     struct wire_refused                     -
 *  END          ROOT      host    root     struct wire_end                         -
 *  FORK         CLIENT    client  server   struct wire_fork                        -
 *  END_CHILD    CLIENT    client  server   struct wire_end_child                   -
 *  LIMIT        CLIENT    client  server   struct wire_limit                       -
 *  AWAIT        CLIENT    client  server   struct wire_await                       -
 *  LOOK         CLIENT    host    server   nothing                                 -
 *  READY        CLIENT    server  host     nothing                                 -
 *  READY        CLIENT    server  child    nothing: a REBORN one may begin         -
 *  OFFER        CLIENT    server  client   struct wire_offer for each child        their channels
 *  REFUSED      CLIENT    server  client   struct wire_refused                     -
 *  ENDED        CLIENT    server  client   struct wire_ended                       -
 *  CALL         CHANNEL   spawner child    struct wire_call, then its parts        see call.h
 *  RESULT       CHANNEL   child   spawner  struct wire_value, then its text        see there
 *  FAILURE      CHANNEL   child   spawner  struct wire_failure, then four strings  -
 *  BACKTRACE    CHANNEL   server  spawner  struct wire_token, backtrace_brief      report, if any
 *  DEATH        CHANNEL   server  spawner  struct wire_death                       -
 *  REBORN       CHANNEL   server  spawner  struct wire_reborn                      -
 *  VALUE        user's    sender  receiver struct wire_value, then its text        see there
 *
 * Both ends are the same image, so structures travel as they lie in memory, each padded to eight
 * bytes with named fields only. Who receives checks the length against the structure, every count
 * against a limit, and the sender where the table names one; whatever else comes is refused before
 * it is looked into.
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
    WIRE_VALUE
};

enum {
    WIRE_MAX_BODY = 48 * 1024,      /* bytes behind the header; fits any socket buffer */
    WIRE_MAX_FDS = 64,              /* descriptors with one message (the kernel allows 253) */
    WIRE_MAX_FORKS = 1024,          /* children asked for at once */
    WIRE_MAX_OFFERS = 16,           /* children in one message */
    WIRE_NONE = -1,
    WIRE_UNHEARD = 113              /* status of a child that exits for it has lost its channel */
};

struct wire_header {
    uint32_t type;                  /* enum wire_type */
    uint32_t fd_count;              /* descriptors that came along; fewer were truncated */
    uint64_t length;                /* of the body, in bytes */
};

struct wire_server {
    uint64_t serial;                /* rises with each server, of whatever index */
    uint32_t index;                 /* 0 to the number of servers - 1; an index again replaces it */
    int32_t pid;
};

/* Of the servers with this index all up to this serial are dead, with all that they left behind. */
struct wire_gone {
    uint64_t serial;
    uint32_t index;
    uint32_t padding;
};

struct wire_end {
    int64_t grace;                  /* nanoseconds between SIGTERM and SIGKILL */
};

/* Asks for children. Offers sent before are then all taken: who asks has none left. */
struct wire_fork {
    uint32_t count;
    uint32_t padding;
};

/* Ends a child: the signal now, SIGKILL after the grace. */
struct wire_end_child {
    uint64_t id;
    int32_t pid;
    int32_t signal;
    int64_t grace;
};

struct wire_limit {
    uint64_t id;
    int64_t deadline;               /* CLOCK_MONOTONIC, nanoseconds */
    int32_t pid;
    uint32_t padding;
};

/* Random bytes for each child. The server draws them where the child has no copy. */
struct wire_token {
    uint64_t word[2];
};

/* Asks for word of a child's end beside its channel. Can be sent again. */
struct wire_await {
    uint64_t id;
    int32_t pid;
    uint32_t kill;                  /* 1: it is to be killed */
};

struct wire_offer {
    struct wire_token token;
    uint64_t id;                    /* never used twice by this server */
    int32_t pid;
    uint32_t slot;                  /* of its mark (board.h); WIRE_BOARD_SLOTS: it has none */
};

/* Stands for children asked for that could not be made; from the root, or before READY: for the
 * server itself. */
struct wire_refused {
    int32_t error;                  /* errno value, or a code of error.h, positive */
    uint32_t count;
};

/*
 * JSON text: behind the structure, or in a sealed memfd. The descriptors are those that the text
 * speaks of, in their order (src/value/message.h), then the memfd.
 */
struct wire_value {
    uint64_t generation;            /* of the CALL; 0 in a VALUE */
    uint64_t length;
    uint32_t in_memfd;
    uint32_t marked;                /* the text has keys of ours: placeholders, or escaped ones */
};

/* Where a failure arose decides its kind. */
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
    uint32_t stays;                 /* the child waits for its next CALL */
    uint64_t generation;            /* of the CALL */
};

/* Who ended the process, if it was one of us. The first cause stands. */
enum wire_end_cause {
    WIRE_ENDED_BY_ITSELF = 0,
    WIRE_ENDED_BY_KILL,
    WIRE_ENDED_BY_DEADLINE,
    WIRE_ENDED_BY_OOM,
    WIRE_ENDED_BY_LOSS          /* of the root */
};

struct wire_death {
    struct wire_token token;
    int32_t status;                 /* as wait4() gives it */
    uint32_t cause;                 /* enum wire_end_cause */
    uint32_t unread;                /* 1: a CALL was sent that the child never took */
    uint32_t lingers;               /* 1: it has ended for its caller; the last word is to come */
    int64_t user_time;              /* microseconds */
    int64_t system_time;
    int64_t max_rss;                /* KiB */
    int64_t minor_faults;
    int64_t major_faults;
    int64_t voluntary_switches;
    int64_t involuntary_switches;
};

/* The child died before it took its CALL, and another process has its place, to take it. */
struct wire_reborn {
    struct wire_token token;
    int32_t pid;
    uint32_t padding;
};

/* A child is gone. known: there is a word of how, else only the id is valid. */
struct wire_ended {
    uint64_t id;
    uint32_t known;
    uint32_t padding;
    struct wire_death death;
};

#endif
