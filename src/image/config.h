/*
 * config.h - the configuration of procspawn_init
 */
#ifndef FORKSCOPE_IMAGE_CONFIG_H
#define FORKSCOPE_IMAGE_CONFIG_H

#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdint.h>

struct procspawn_config {
    void (*callback)(void *);
    void *callback_argument;
    void (*end_callback)(void *);
    void *end_argument;
    bool pass_args;
    bool panic_handling;
    bool capture_backtraces;
    bool resolve_backtraces;
    bool resolve_lines;
    bool limits_debugged;
    int spares;
    unsigned nested_each;
    unsigned nested_all;
    int64_t start_timeout;
    bool learning;              /* PROCSPAWN_DENIAL_LEARN is allowed */
};

#define PROCSPAWN__CONFIG_DEFAULT \
    { .pass_args = true, .panic_handling = true, .capture_backtraces = true, \
      .resolve_backtraces = true, .resolve_lines = true, .spares = -1, .nested_each = 64, .nested_all = 1024, \
      .start_timeout = INT64_C(5000000000) }

#endif
