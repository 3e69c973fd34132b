/*
 * launch.h - a call in a process of its own, described and then started
 *
 * A call that is started at once borrows what the caller gives, and may wait for the fork server.
 * One that is started later has copies, and its start is made in steps that do not wait. Until then
 * it needs no descriptor but those of its argument, and those that it shares with other calls:
 * files in memory, the capture of its output and the process are made when it is started.
 */
#ifndef FORKSCOPE_CALL_LAUNCH_H
#define FORKSCOPE_CALL_LAUNCH_H

#include "src/call/builder.h"
#include "src/call/prepared.h"
#include "src/call/request.h"
#include "src/call/shared_fd.h"
#include "src/client/remote_child.h"
#include "src/client/take.h"
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The working directory and the standard streams that were shared last. */
struct procspawn__launch_files {
    struct procspawn__shared_fd *cwd, *stdio[3];
};

struct procspawn__launch {
    struct procspawn__request request;
    procspawn_builder builder;          /* borrows what the caller's has, or has name and input */
    struct procspawn__launch_files files;
    int64_t called;                     /* when the call was made */
    int64_t deadline;                   /* of the call; BASE_NEVER: none */
    bool may_wait;                      /* its start may wait for the fork server */
    bool sealed;                        /* the request can be sent */
    bool has_child;
    struct procspawn__preparation *preparation;     /* NULL: its child is not prepared ahead */
    struct procspawn__child_request wanted;
    struct procspawn__remote_child child;
};

/*
 * Describes a call that is started at once, and is given up by procspawn__launch_fini() in any
 * case. All arguments are borrowed until then; builder NULL: none. 0, or what
 * procspawn_builder_spawn() returns for a call that cannot be made.
 */
int procspawn__launch_describe(struct procspawn__launch *launch, const procspawn_builder *builder,
                               procspawn_function *function, const json_t *argument);
/* Starts it. 0: a new handle; or what procspawn_builder_spawn() returns. */
int procspawn__launch_start(struct procspawn__launch *launch, procspawn_handle **ret_handle);
void procspawn__launch_fini(struct procspawn__launch *launch);

/*
 * Describes a call that is started later. Builder (NULL: none) and argument are copied. 0; -EINVAL:
 * a stream is a pipe; or as procspawn__launch_describe().
 */
int procspawn__launch_new(const procspawn_builder *builder, procspawn_function *function,
                          const json_t *argument, struct procspawn__launch **ret_launch);
/*
 * Keeps copies of the call's files, or references to those of calls before. Comes next, before the
 * builder's descriptors may be closed. 0 or -errno.
 */
int procspawn__launch_share(struct procspawn__launch *launch, struct procspawn__launch_files *last);

/*
 * Advances the start by what can be done without waiting. 0: started: a new handle; 1: a child has
 * to be waited for: see procspawn__client_step(); or -errno: the call is as before, and the step
 * can be repeated.
 */
int procspawn__launch_step(struct procspawn__launch *launch, procspawn_handle **ret_handle);
/* Gives up what a step has begun: the call is as it was before. */
void procspawn__launch_put_off(struct procspawn__launch *launch);
/* Free the call, NULL is fine; forget: in a child by fork(2), closes nothing. */
void procspawn__launch_free(struct procspawn__launch *launch);
void procspawn__launch_forget(struct procspawn__launch *launch);
void procspawn__launch_files_drop(struct procspawn__launch_files *files);
void procspawn__launch_files_forget(struct procspawn__launch_files *files);

#endif
