/*
 * policy.c - the three policies of the library: when a scope is cancelled, and what its outcome is
 */
#include <forkscope/policy.h>

#include <errno.h>

static bool after_a_failure(const struct scoped_policy *self,
                            const struct scoped_progress *progress, int status)
{
    (void)self, (void)status;
    return progress->failed > 0;
}

static bool after_a_success(const struct scoped_policy *self,
                            const struct scoped_progress *progress, int status)
{
    (void)self, (void)status;
    return progress->succeeded > 0;
}

static int first_failure(const struct scoped_policy *self, const struct scoped_progress *progress)
{
    (void)self;
    if (progress->failed > 0)
        return progress->first_failure;
    return progress->timed_out ? -ETIME : 0;
}

static int any_success(const struct scoped_policy *self, const struct scoped_progress *progress)
{
    if (progress->succeeded > 0)
        return 0;
    int status = first_failure(self, progress);
    return status != 0 ? status : -ECANCELED;
}

const struct scoped_policy scoped_collect = { NULL, first_failure };
const struct scoped_policy scoped_fail_fast = { after_a_failure, first_failure };
const struct scoped_policy scoped_first_success = { after_a_success, any_success };
