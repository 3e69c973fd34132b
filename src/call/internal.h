/*
 * internal.h - what the files of the process half share
 */
#ifndef FORKSCOPE_PROC_INTERNAL_H
#define FORKSCOPE_PROC_INTERNAL_H

#include "forkserver/forkserver.h"
#include "src/base/list.h"
#include "src/value/message.h"
#include "src/rights/schedule.h"
#include "src/crash/backtrace.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <sys/types.h>

/* ---- config.c -------------------------------------------------------------------------------- */

struct procspawn_config {
    void (*callback)(void *);
    void *callback_argument;
    bool pass_args;
    bool panic_handling;
    bool capture_backtraces;
    bool resolve_backtraces;
    int spares;
    unsigned nested_each;
    unsigned nested_all;
    int64_t start_timeout;
};

#define PROCSPAWN__CONFIG_DEFAULT \
    { .pass_args = true, .panic_handling = true, .capture_backtraces = true, \
      .resolve_backtraces = true, .spares = -1, .nested_each = 64, .nested_all = 1024, \
      .start_timeout = INT64_C(5000000000) }

/* ---- init.c: what stays as it was at init; children see it too ------------------------------- */

struct procspawn__image {
    uint64_t owner;             /* the process that init belongs to; 0: none */
    bool ending;                /* fini has begun, and is to be called again */
    bool is_child;
    pid_t child;                /* the process, then */
    bool childless;             /* and may have no children of its own */
    bool cancelable;            /* the thread that called init, by pthread_cancel(3) */
    bool privileged;            /* at init: children could be more than who calls is by then */
    struct procspawn_config config;
    struct forkserver_options options;
    int argc;
    char **argv;
};

extern struct procspawn__image procspawn__image;

/* Is init valid in this process, and the end not begun? */
bool procspawn__ready(void);
/* May this process have children? 0, PROCSPAWN_ENOTINIT or PROCSPAWN_ERIGHTS. */
int procspawn__admitted(void);

/* The root has closed its link: it is reaped if it is dead, which may be a moment later. */
void procspawn__root_lost(void);

/* ---- client.c, client_word.c: asks the servers for children, and tells them of children ------- */

/* A child taken for a call. The channel belongs to the taker. */
struct procspawn__taken {
    int channel;
    pid_t pid;
    pid_t server;
    uint64_t serial;            /* of the server */
    uint64_t id;
    unsigned link;
    unsigned slot;              /* of its mark on the board */
    struct wire_token token;
};

/* Its process. Another one may take its place, in one thread, while others ask. */
pid_t procspawn__taken_pid(const struct procspawn__taken *taken);
void procspawn__taken_reborn(struct procspawn__taken *taken, const struct wire_reborn *reborn);

/* Is this frame of a child's channel the server's word of it? */
bool procspawn__taken_vouched(const struct procspawn__taken *taken, const struct wire_frame *frame);

int procspawn__client_open(int root_link, unsigned servers, int64_t deadline);
/* In a child, which has its link from birth. */
void procspawn__client_adopt(int link, pid_t server);
void procspawn__client_close(void);
/* The same for what a fork left, where the lock may be held by a thread that is not there. */
void procspawn__client_forget(void);
/* Returns 0, -EAGAIN and the like from the server's fork, PROCSPAWN_ESERVER, or -ETIMEDOUT at the
 * deadline if that comes first. A cancellation point. */
int procspawn__client_take(int64_t deadline, struct procspawn__taken *ret_taken);

/* The wish of one thread for a child; all 0: not begun. */
struct procspawn__wish {
    bool asked;
    unsigned losses;            /* how many servers had died when it asked */
    int64_t pause;              /* without an answer for so long it asks again */
    int64_t repeat_at;
    int64_t give_up_at;
};

/* One step of the same: 1 after a short while, or when the other descriptor is readable. */
int procspawn__client_try(struct procspawn__wish *wish, int other,
                          struct procspawn__taken *ret_taken);
/* What was asked for is somebody else's spare. */
void procspawn__client_unwish(struct procspawn__wish *wish);

/*
 * Has the server end a child, or limit its time. Waits for room on the link, ten seconds at most, and
 * not beyond the deadline: for a server that is stopped, or far behind. 0 or PROCSPAWN_ESERVER.
 */
int procspawn__client_end_child(const struct procspawn__taken *taken, int signal, int64_t grace);
int procspawn__client_limit(const struct procspawn__taken *taken, int64_t when, int64_t deadline);
/* The same once: 0, -EPIPE when the server is gone, or why it cannot be told just now. */
int procspawn__client_try_end_child(const struct procspawn__taken *taken, int signal, int64_t grace);
int procspawn__client_try_limit(const struct procspawn__taken *taken, int64_t when);

/* The child has answered, and nothing but its death is wanted of it: it has two seconds. */
void procspawn__client_answered(const struct procspawn__taken *taken);

/* What has become of a child whose channel ended without DEATH. */
enum procspawn__fate {
    PROCSPAWN__SERVED,          /* its server is there, and will end it */
    PROCSPAWN__LEAVING,         /* its server has died; processes may still be there */
    PROCSPAWN__LEFT_NOTHING     /* the root has seen that they are gone; or the root is gone, too */
};

/* Does not wait. LEAVING ends soon, and wakes nobody: it is to be asked for again. */
enum procspawn__fate procspawn__client_fate(const struct procspawn__taken *taken);

/* Who wants word of a child's end beside its channel; all 0: not begun. */
struct procspawn__await {
    struct list in_client;
    const struct procspawn__taken *taken;   /* NULL: not begun */
    int64_t repeat_at;          /* then the server is asked again */
    bool told;
    bool known;                 /* how it ended: */
    struct wire_death death;
};

/*
 * Looks for that word, and asks for it; kill: ends the child. Does not wait. Returns 1 while there is
 * none, 0 when the child is gone, or PROCSPAWN_ESERVER when its server died, and it is gone. The
 * child's description stays where it is until procspawn__client_unawait(), which is for any state.
 */
int procspawn__client_await(struct procspawn__await *await, const struct procspawn__taken *taken,
                            bool kill);
void procspawn__client_unawait(struct procspawn__await *await);
/* Waits a while for news. 0, -ETIMEDOUT at the deadline, or -ECANCELED; a cancellation point. */
int procspawn__client_wait(int64_t deadline);

/* Tells the root that the end has come. */
int procspawn__client_end(int64_t grace);
/* Waits until the root has closed its link. 0 or -ETIMEDOUT. */
int procspawn__client_wait_end(int64_t deadline);
/* Waits for servers that outlived the root and became children of this process. The same. */
int procspawn__client_bury(int64_t deadline);
/* Of those that are left there is no more to be seen. */
void procspawn__client_let_go(void);

/* ---- context.c: the caller's state, as a child shall have it --------------------------------- */

/* A call in the making. fds are owned; each -1 if there is none. */
struct procspawn__draft {
    struct wire_call call;
    struct wire_writer block;
    struct procspawn__message message;
    bool spent;                 /* cannot be sent again */
    int memory;                 /* block and text, once sealed, if they are long */
    int cwd;
    int stdio[3];               /* the child's ends */
    bool owned[3];              /* of stdio: to be closed after sending */
    int pipes[3];               /* the caller's ends, -1 without a pipe */
};

void procspawn__draft_init(struct procspawn__draft *draft);
void procspawn__draft_fini(struct procspawn__draft *draft);
/* The same in a copy of the process by fork(2): memory only. */
void procspawn__draft_forget(struct procspawn__draft *draft);
/* The block ends with the function's library: what else goes into it comes before. */
int procspawn__draft_function(struct procspawn__draft *draft, procspawn_function *function);
/* NULL stands for JSON null. */
int procspawn__draft_argument(struct procspawn__draft *draft, const json_t *argument);
/* Nothing is added from now on. */
int procspawn__draft_seal(struct procspawn__draft *draft);
/* To a child that waits, so it does not block. 0, -EPIPE when its server is dead, or -errno. */
int procspawn__draft_send(const struct procspawn__draft *draft, int channel);
/* Once sent: closes the descriptors of the argument, which would keep their other ends waiting
 * here. */
void procspawn__draft_spend(struct procspawn__draft *draft);

/* Remembers the state that children have without being told. */
int procspawn__context_remember(void);
/* How the program was scheduled, as its children are unless they are told otherwise. */
const struct procspawn__schedule *procspawn__context_schedule(void);
/* Closes what remembering opened. */
void procspawn__context_forget(void);
/* Writes down where the caller's state is another one now, and what the builder changes. */
int procspawn__context_describe(struct procspawn__draft *draft, const procspawn_builder *builder);
/* Could that be done now? Same returns. */
int procspawn__context_admits(const procspawn_builder *builder);

/* ---- builder.c ------------------------------------------------------------------------------- */

struct procspawn__stream {
    enum procspawn_stdio mode;
    int fd;
};

enum { PROCSPAWN__RESOURCES = 16 };

struct procspawn_builder {
    char **environment;         /* what changes apply to; NULL: that of the time of the call */
    bool env_cleared;           /* to an empty one */
    char **changes;             /* in order: NAME=value sets, NAME removes */
    size_t change_count;
    bool has_uid, has_gid;
    uid_t uid;
    gid_t gid;
    int (*hook)(void *);
    void *hook_argument;
    struct procspawn__stream stdio[3];
    char *cwd;
    char *name;
    bool has_limit[PROCSPAWN__RESOURCES];
    struct rlimit limits[PROCSPAWN__RESOURCES];
    int64_t duration;
    bool childless;
    unsigned allowed;           /* enum procspawn_rights */
    bool has_grace;
    int64_t grace;
    procspawn__limit limit;     /* of the result */
};

/* ---- builder_copy.c: for later use by another thread ----------------------------------------- */

/* The environment is that of now, string by string. Descriptors are duplicated. 0 or -errno. */
int procspawn__builder_copy(const procspawn_builder *builder, procspawn_builder **ret_copy);
void procspawn__builder_free_copy(procspawn_builder *copy);

/* ---- streams.c ------------------------------------------------------------------------------- */

int procspawn__streams_open(struct procspawn__draft *draft, const procspawn_builder *builder);

/* ---- module.c: functions as they travel ------------------------------------------------------ */

/* 0 or -ENOMEM. */
int procspawn__modules_remember(void);
/* library: path of a module that was loaded after init, in new memory, else NULL. */
int procspawn__function_describe(procspawn_function *function, struct wire_function *ret_function,
                                 char **ret_library);
/*
 * Returns the function or NULL with a reason. fresh: no foreign code has run in this process since
 * it was forked, so that all modules of the image are still there, and none has to be looked at.
 */
procspawn_function *procspawn__function_resolve(const struct wire_function *function,
                                                const char *library, bool fresh,
                                                const char **ret_reason);

/* ---- error.c --------------------------------------------------------------------------------- */

struct procspawn_error {
    enum procspawn_error_kind kind;
    enum procspawn_cause cause;
    int signal;
    int exit_status;
    int error;                  /* errno value */
    int line;
    char *message;
    char *file;
    char *function;
    struct backtrace *trace;    /* NULL: none */
};

/* What procspawn_error_errno() tells of a return value: errno values are positive there, codes of
 * our own stay what they are. */
int procspawn__error_number(int rc);

/* New errors; NULL when out of memory. */
procspawn_error *procspawn__error_new(enum procspawn_error_kind kind, int error,
                                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));
procspawn_error *procspawn__error_copy(const procspawn_error *error);
/* From what a child said (hostile bytes), and from what the server said of its death. */
procspawn_error *procspawn__error_from_failure(const unsigned char *body, size_t length);
procspawn_error *procspawn__error_from_death(const struct wire_death *death,
                                             const struct backtrace *trace);

/* ---- child.c --------------------------------------------------------------------------------- */

/* The life of a child, from its birth as a spare. */
void procspawn__child_enter(const struct forkserver_child *child);
/* What all children will need, done once in their server. */
void procspawn__child_prepare(void);

/* ---- pool.c: what procspawn_fini() does about pools ------------------------------------------ */

/* No more calls and workers; then, when all processes are gone, no more threads: 0, -ETIMEDOUT. */
void procspawn__pools_close(void);
/* In a copy of the process by fork(2): the pools of the other process are not this one's. */
void procspawn__pools_forget(void);
int procspawn__pools_join(int64_t deadline);

/* ---- setup.c: the child becomes what the call asks for --------------------------------------- */

/* When it has just been born. */
void procspawn__setup_begin(void);
/* Returns 0, or a negative errno value with what failed. */
int procspawn__setup(const struct wire_call *call, struct wire_reader *block,
                     struct wire_frame *frame, const struct forkserver_child *self,
                     const char **ret_library, const char **ret_what);

#endif
