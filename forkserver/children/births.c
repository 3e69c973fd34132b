/*
 * births.c - detects that no child holds inherited descriptors any more
 */
#include "forkserver/children/births.h"

#include "src/base/clock.h"
#include "src/wire/frame.h"
#include <poll.h>
#include <unistd.h>

/* How long a child is waited for that is stopped at its start. */
static const int64_t longest = BASE_SECOND;

void forkserver__births_init(struct births *births)
{
    *births = (struct births){ .mark = -1, .seen = -1, .earlier = -1 };
}

int forkserver__births_mark(struct births *births)
{
    int ends[2];

    if (births->mark >= 0)
        return births->mark;
    int rc = wire__pair(ends);
    if (rc < 0)
        return rc;
    births->seen = ends[0];
    births->mark = ends[1];
    return births->mark;
}

static bool have_let_go(int seen)
{
    struct pollfd end = { .fd = seen };
    return poll(&end, 1, 0) == 1;
}

/* The children forked since the last call become the earlier ones. */
static void look_at_births(struct births *births)
{
    close(births->mark);
    births->earlier = births->seen;
    births->mark = births->seen = -1;
    births->give_up_at = base__deadline(longest);
}

bool forkserver__births_over(struct births *births)
{
    while (births->earlier >= 0 || births->mark >= 0) {
        if (births->earlier < 0)
            look_at_births(births);
        if (!have_let_go(births->earlier) && base__now() < births->give_up_at)
            return false;
        close(births->earlier);
        births->earlier = -1;
    }
    return true;
}
