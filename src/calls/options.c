/*
 * options.c - the options of a call, checked
 */
#include "src/calls/options.h"

#include "src/base/refusal.h"
#include "src/pool/spawn.h"
#include "src/value/survey.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <jansson.h>
#include <stdint.h>

int procspawn__options_check(const struct procspawn_call_options *options, const json_t *argument)
{
    base__refusal_forget();
    if (options->pool && procspawn__pool_is_absent(options->pool))
        return base__refuse(-EINVAL, "the pool is NULL");
    if (options->run_limit < 0)
        return base__refuse(-EINVAL, "the run limit is negative");
    if (options->total_limit < 0)
        return base__refuse(-EINVAL, "the total limit is negative");
    if (options->capture_limit > PTRDIFF_MAX / 4)
        return base__refuse(-EINVAL, "the capture limit is too large");
    if (options->pool && options->builder)
        return base__refuse(-EINVAL, "a pool together with a builder");
    if (options->take_argument && !argument)
        return procspawn__survey_absent("the argument");
    return 0;
}
