/*
 * mark.c - sets and finds the mark of hostile processes
 */
#include "tests/hostile/mark.h"

#include "tests/hostile/settings.h"
#include <stdio.h>
#include <string.h>

/* Microseconds of processor time in real-time scheduling: an hour and more. */
static rlim_t mark(void)
{
    return 4000000000u + settings->seed % 1000000000u;
}

void mark_builder(procspawn_builder *builder)
{
    struct rlimit limit;

    getrlimit(RLIMIT_RTTIME, &limit);
    limit.rlim_cur = mark();
    procspawn_builder_rlimit(builder, RLIMIT_RTTIME, &limit);
    procspawn_builder_name(builder, MARK_NAME);
}

bool mark_is_on(pid_t pid)
{
    static const char name[] = "Max realtime timeout";
    char path[64], line[256];
    unsigned long long soft = 0;

    snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
    FILE *limits = fopen(path, "re");
    while (limits && fgets(line, sizeof line, limits)) {
        if (strncmp(line, name, sizeof name - 1) == 0)
            sscanf(line + sizeof name - 1, "%llu", &soft);
    }
    if (limits)
        fclose(limits);
    return soft == mark();
}
