/*
 * usage.c - what a process used, from the message of its death
 */
#include "src/error/usage.h"

void procspawn__usage_of(const struct wire_death *death, struct rusage *ret_usage)
{
    enum { MILLION = 1000000 };

    *ret_usage = (struct rusage){
        .ru_utime = { death->user_time / MILLION, death->user_time % MILLION },
        .ru_stime = { death->system_time / MILLION, death->system_time % MILLION },
        .ru_maxrss = death->max_rss,
        .ru_minflt = death->minor_faults,
        .ru_majflt = death->major_faults,
        .ru_nvcsw = death->voluntary_switches,
        .ru_nivcsw = death->involuntary_switches,
    };
}
