/*
 * options.c - the options of a call, checked
 */
#include "src/calls/options.h"

#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <jansson.h>
#include <stdbool.h>

static bool is_valid(const struct procspawn_call_options *options)
{
    if (options->run_limit < 0 || options->total_limit < 0)
        return false;
    return !options->pool || !options->builder;
}

int procspawn__options_check(const struct procspawn_call_options *options, const json_t *argument)
{
    if (!is_valid(options))
        return -EINVAL;
    return options->take_argument && !argument ? PROCSPAWN_EJSON : 0;
}
