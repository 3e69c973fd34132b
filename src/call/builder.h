/*
 * builder.h - the options of a call: environment, ids, streams, limits
 */
#ifndef FORKSCOPE_CALL_BUILDER_H
#define FORKSCOPE_CALL_BUILDER_H

#include "src/call/time_limits.h"
#include "src/sandbox/policy.h"
#include "src/value/footprint.h"
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct procspawn__stream {
    enum procspawn_stdio mode;
    int fd;
};

enum { PROCSPAWN__RESOURCES = 16 };

struct procspawn_builder {
    char **environment;         /* that the changes apply to; NULL: environ at the call */
    bool env_cleared;           /* the changes apply to an empty environment */
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
    struct procspawn__sandbox sandbox;
    uint64_t memory_limit;      /* beyond what the process has at its start; 0: none */
    struct procspawn__time_limits time;
    bool childless;
    unsigned allowed;           /* set of enum procspawn_rights */
    bool has_grace;
    int64_t grace;
    procspawn__limit limit;     /* of the result */
    size_t capture_limit;       /* bytes kept of each stream; 0: the output is not captured */
    bool capture_merged;
    const void *input;          /* of one call: what stdin has; NULL: as stdio[0] says */
    size_t input_size;
};

struct procspawn_call_options;

/*
 * Returns the builder of the options (NULL: none) or, where they override it, *ret_changed, which
 * borrows from both.
 */
procspawn_builder *procspawn__builder_with(const struct procspawn_call_options *options,
                                           procspawn_builder *ret_changed);

#endif
