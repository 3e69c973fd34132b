#include "examples/vet/limits.h"

#include <sys/resource.h>

/* Generously: a call's file, channel, signals, what a try needs for a moment; and the rest. */
#define PER_JOB 7
#define FOR_THE_REST 48

int limits_fit(int jobs)
{
    struct rlimit limit;
    rlim_t wanted = FOR_THE_REST + PER_JOB * (rlim_t)jobs;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return jobs;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return jobs;
    if (limit.rlim_cur < FOR_THE_REST + PER_JOB)
        return 1;
    return (int)((limit.rlim_cur - FOR_THE_REST) / PER_JOB);
}
