/*
 * reason.c - why a task is about to fail
 */
#include "src/scope/reason.h"

#include <stdlib.h>
#include <string.h>

void scoped__reason_set(struct reason *reason, int status, const char *message,
                        struct scoped_detail *detail)
{
    scoped__reason_clear(reason);
    *reason = (struct reason){ status, strdup(message), detail };
}

void scoped__reason_clear(struct reason *reason)
{
    free(reason->message);
    if (reason->detail != NULL)
        reason->detail->free(reason->detail);
    *reason = (struct reason){ 0 };
}
