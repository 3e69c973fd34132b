/*
 * shown_threads.c - chooses the threads of a report
 */
#include "src/crash/shown_threads.h"

#include <stdbool.h>

struct choice {
    bool chosen[TRACEES_MAX];
    size_t count;
};

static void choose(struct choice *choice, size_t place)
{
    if (choice->chosen[place] || choice->count == BACKTRACE_THREADS)
        return;
    choice->chosen[place] = true;
    choice->count++;
}

static void choose_thread(struct choice *choice, const struct tracees *tracees, pid_t tid)
{
    for (size_t i = 0; i < tracees->count; i++)
        if (tracees->tracee[i].tid == tid)
            choose(choice, i);
}

size_t crash__shown_threads(const struct tracees *tracees, pid_t main, const pid_t *waits_for,
                            uint16_t ret_shown[BACKTRACE_THREADS])
{
    struct choice choice = {.count = 0};
    size_t shown = 0;

    if (tracees->count > 0)
        choose(&choice, 0);
    choose_thread(&choice, tracees, main);
    for (size_t i = 0; i < tracees->count; i++)
        if (waits_for[i])
            choose_thread(&choice, tracees, waits_for[i]);
    for (size_t i = 0; i < tracees->count; i++)
        choose(&choice, i);
    for (size_t i = 0; i < tracees->count; i++)
        if (choice.chosen[i])
            ret_shown[shown++] = (uint16_t)i;
    return shown;
}
