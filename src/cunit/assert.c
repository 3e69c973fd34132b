/*
 * assert.c - what the assertion macros call: counts them, records failures, ends the test after a
 * fatal one
 */
#include "src/cunit/assert.h"

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <setjmp.h>
#include <stdio.h>
#include <unistd.h>

#include "src/cunit/mailbox.h"

#include <forkscope/cunit.h>
#undef CU_assertImplementation /* CUnit's own function is needed here */

/*
 * Exit status of a process that a fatal assertion ended. A test that waits for its fork shows it,
 * so it is not 0 or 1.
 */
enum { CUT_SHORT = 99 };

static jmp_buf guard;
static bool guarding;

static bool call_guarded(void (*run)(void))
{
    if (setjmp(guard) != 0)
        return false;
    run();
    return true;
}

bool procspawn__cunit_guarded(void (*run)(void))
{
    CU_pTest test = CU_get_current_test();
    jmp_buf *outer = test->pJumpBuf;
    bool whole;

    if (!run)
        return true;
    test->pJumpBuf = &guard; /* used by CUnit's own assertions, in files without our header */
    guarding = true;
    whole = call_guarded(run);
    guarding = false;
    test->pJumpBuf = outer;
    return whole;
}

static _Noreturn void end_test(struct mailbox *mailbox)
{
    if (getpid() == mailbox->pid && gettid() == mailbox->pid && guarding)
        longjmp(guard, 1);
    if (getpid() == mailbox->pid)
        atomic_store(&mailbox->state, MAILBOX_CUT_SHORT);
    _exit(CUT_SHORT);
}

CU_BOOL procspawn_cunit_assert(CU_BOOL value, unsigned line, const char *text, const char *file,
                               const char *function, CU_BOOL fatal)
{
    struct mailbox *mailbox = procspawn__cunit_mailbox;

    if (!mailbox)
        return CU_assertImplementation(value, line, text, file, function, fatal);
    atomic_fetch_add(&mailbox->assertions, 1);
    if (value)
        return value;
    procspawn__cunit_mailbox_fail(mailbox, file, line, text);
    if (fatal)
        end_test(mailbox);
    return CU_FALSE;
}

CU_BOOL procspawn_cunit_equal(long long actual, long long expected, const char *text, unsigned line,
                              const char *file)
{
    char shown[MAILBOX_TEXT];

    snprintf(shown, sizeof(shown), "%.500s: %lld, not %lld", text, actual, expected);
    return procspawn_cunit_assert(actual == expected, line, shown, file, "", CU_FALSE);
}
