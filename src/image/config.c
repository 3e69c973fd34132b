/*
 * config.c - the setters of procspawn_config
 */
#include "src/image/config.h"

#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

procspawn_config *procspawn_config_new(void)
{
    procspawn_config *config = malloc(sizeof *config);
    if (config)
        *config = (procspawn_config)PROCSPAWN__CONFIG_DEFAULT;
    return config;
}

void procspawn_config_free(procspawn_config *config)
{
    free(config);
}

void procspawn_config_callback(procspawn_config *config, void (*callback)(void *), void *argument)
{
    config->callback = callback;
    config->callback_argument = argument;
}

void procspawn_config_end_callback(procspawn_config *config, void (*callback)(void *),
                                   void *argument)
{
    config->end_callback = callback;
    config->end_argument = argument;
}

void procspawn_config_pass_args(procspawn_config *config, bool enabled)
{
    config->pass_args = enabled;
}

void procspawn_config_panic_handling(procspawn_config *config, bool enabled)
{
    config->panic_handling = enabled;
}

void procspawn_config_capture_backtraces(procspawn_config *config, bool enabled)
{
    config->capture_backtraces = enabled;
}

void procspawn_config_resolve_lines(procspawn_config *config, bool enabled)
{
    config->resolve_lines = enabled;
}

void procspawn_config_resolve_backtraces(procspawn_config *config, bool enabled)
{
    config->resolve_backtraces = enabled;
}

void procspawn_config_limits_debugged(procspawn_config *config, bool enabled)
{
    config->limits_debugged = enabled;
}

void procspawn_config_spares(procspawn_config *config, int count)
{
    config->spares = count;
}

void procspawn_config_start_timeout(procspawn_config *config, int64_t timeout)
{
    config->start_timeout = timeout;
}

void procspawn_config_learning(procspawn_config *config, bool allowed)
{
    config->learning = allowed;
}

void procspawn_config_nested(procspawn_config *config, unsigned each, unsigned all)
{
    config->nested_each = each;
    config->nested_all = all;
}
