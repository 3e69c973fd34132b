#include "tests/support/refusal_sweep.h"

#include "src/base/closer.h"
#include "tests/support/call_helpers.h"
#include "tests/support/fault_injection.h"

#include <errno.h>
#include <forkscope.h>
#include <stdio.h>

/* The error that was given for the request (fault_injection.h), or what the library makes of it. */
static bool is_told(enum fail_kind kind, int rc)
{
    static const int system_errors[] = { -ENOMEM, -EMFILE, -EAGAIN, -ENOBUFS, -ENOSPC };

    if (rc == PROCSPAWN_ECALL)
        return true;
    if (kind == FAIL_MEMORY)
        return rc == -ENOMEM || rc == PROCSPAWN_EJSON;
    for (size_t i = 0; i < sizeof system_errors / sizeof system_errors[0]; i++) {
        if (rc == system_errors[i])
            return true;
    }
    return false;
}

static void check(bool right, const char *what, unsigned n, const char *failed, int rc)
{
    char text[256];

    snprintf(text, sizeof text, "%s: request %u (%s) refused: %d", what, n, failed ? failed : "-",
             rc);
    CU_assertImplementation(right, __LINE__, text, __FILE__, "", CU_FALSE);
}

/*
 * Counts the blocks when there are no more than `most`, or after two seconds: what describes a
 * foreign descriptor is freed by a thread of the library when it has closed it.
 */
static long blocks_at_rest(long most)
{
    for (int i = 0; i < 100 && fail_blocks() > most; i++)
        base__close_settle();
    return fail_blocks();
}

/* Threads may take turns in another order the next time, so the end is believed when seen often. */
static void sweep(enum fail_kind kind, operation *operate)
{
    enum { ENOUGH = 3 };
    const char *failed;

    for (int i = 0; i < 2; i++)
        check(operate() == 0, "before all", 0, NULL, 0);
    base__close_settle();
    long blocks = fail_blocks();
    for (unsigned n = 1, ends = 0; ends < ENOUGH; n++) {
        fail_arm(kind, n);
        int rc = operate();
        failed = fail_disarm();
        ends = failed ? 0 : ends + 1;
        check(rc == 0 || (failed && is_told(kind, rc)), "with", n, failed, rc);
        long left = blocks_at_rest(blocks);
        check(left <= blocks, "memory", n, failed, (int)(left - blocks));
        blocks = left;
        rc = operate();
        check(rc == 0, "after", n, failed, rc);
    }
}

int sweep_note(int *first, int rc)
{
    if (rc < 0 && *first == 0)
        *first = rc;
    return rc;
}

int sweep_join(int rc, procspawn_handle *handle)
{
    procspawn_error *error = NULL;
    json_t *result = NULL;

    if (rc < 0)
        return rc;
    rc = procspawn_join(handle, &result, &error);
    json_decref(result);
    procspawn_error_free(error);
    int gone = procspawn_wait_timeout(handle, -1, NULL);
    procspawn_handle_free(handle);
    return rc < 0 ? rc : gone;
}

void sweep_with_servers(operation *operate)
{
    calls_begin();
    sweep(FAIL_MEMORY, operate);
    sweep(FAIL_SYSTEM, operate);
    calls_end();
}

void sweep_without_servers(operation *operate)
{
    sweep(FAIL_MEMORY, operate);
    sweep(FAIL_SYSTEM, operate);
}
