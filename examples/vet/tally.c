#include "examples/vet/tally.h"

#include "examples/vet/clock.h"

#include <stdlib.h>

void tally_init(struct tally *tally)
{
    *tally = (struct tally) { .started = clock_now() };
}

void tally_fini(struct tally *tally)
{
    free(tally->durations);
}

static void add_duration(struct tally *tally, int64_t duration)
{
    if (tally->calls == tally->room) {
        size_t room = tally->room ? 2 * tally->room : 1024;
        int64_t *durations = realloc(tally->durations, room * sizeof *durations);
        if (!durations)
            return;
        tally->durations = durations;
        tally->room = room;
    }
    tally->durations[tally->calls++] = duration;
}

void tally_add(struct tally *tally, const struct verdict *verdict)
{
    tally->files++;
    tally->bytes += verdict->bytes;
    tally->outcomes[verdict->outcome]++;
    if (verdict->duration >= 0)
        add_duration(tally, verdict->duration);
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

void tally_end(struct tally *tally)
{
    tally->ended = clock_now();
    if (tally->calls > 0)
        qsort(tally->durations, tally->calls, sizeof tally->durations[0], compare);
}

double tally_rate(const struct tally *tally)
{
    int64_t passed = (tally->ended ? tally->ended : clock_now()) - tally->started;
    return passed > 0 ? (double)tally->files * (double)SECOND / (double)passed : 0;
}

int64_t tally_percentile(const struct tally *tally, int percent)
{
    if (tally->calls == 0)
        return 0;
    size_t rank = (tally->calls * (size_t)percent + 99) / 100;
    return tally->durations[rank > 0 ? rank - 1 : 0];
}
