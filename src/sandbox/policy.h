/*
 * policy.h - what a sandbox is to let through, as data: builder, message and child have it
 */
#ifndef FORKSCOPE_SANDBOX_POLICY_H
#define FORKSCOPE_SANDBOX_POLICY_H

#include <forkscope/sandbox.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    PROCSPAWN__SANDBOX_PATHS = 256,
    PROCSPAWN__SANDBOX_PORTS = 256,
    PROCSPAWN__SANDBOX_EXCEPTIONS = PROCSPAWN_ALLOW_THREADS | PROCSPAWN_ALLOW_CODE
};

struct procspawn__sandbox_path {
    char *path;
    uint32_t rights;            /* PROCSPAWN_PATH_* */
};

struct procspawn__sandbox_port {
    uint16_t port;
    bool listens;
};

struct procspawn__sandbox {
    enum procspawn_sandbox profile;
    uint32_t allowed;           /* PROCSPAWN_ALLOW_* */
    enum procspawn_denial denial;
    bool partial;
    uint32_t path_count;
    uint32_t port_count;
    struct procspawn__sandbox_path *paths;
    struct procspawn__sandbox_port *ports;
};

/* Sets *ret_copy to a copy with memory of its own. 0 or -ENOMEM; then it is empty. */
int procspawn__sandbox_copy(const struct procspawn__sandbox *sandbox,
                            struct procspawn__sandbox *ret_copy);
void procspawn__sandbox_fini(struct procspawn__sandbox *sandbox);

/* 0, -EINVAL or -ENOMEM. */
int procspawn__sandbox_add_path(struct procspawn__sandbox *sandbox, const char *path,
                                unsigned rights);
int procspawn__sandbox_add_port(struct procspawn__sandbox *sandbox, unsigned port, bool listens);

bool procspawn__sandbox_listens(const struct procspawn__sandbox *sandbox);

#endif
