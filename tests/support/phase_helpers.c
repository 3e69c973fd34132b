#include "tests/support/phase_helpers.h"

struct event cancelled;

void phases_set_up(void)
{
    root_set_up();
    cancelled = event_new();
}

void phases_tear_down(void)
{
    root_tear_down();
    event_free(cancelled);
}

void phases_log_clean_up(void *arg)
{
    (void)arg;
    log_letter('c');
}
