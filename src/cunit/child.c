/*
 * child.c - the test's process: runs the test between two inventories and ends
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/cunit/assert.h"
#include "src/cunit/case.h"
#include "src/cunit/child.h"
#include "src/cunit/clock.h"
#include "src/cunit/crash.h"
#include "src/cunit/leftovers.h"
#include "src/cunit/mailbox.h"
#include "src/cunit/sanitizer.h"

#include <CUnit/TestRun.h>
#include <forkscope/cunit.h>

static const struct test_case *current;

static void note(const char *text)
{
    procspawn__cunit_mailbox_fail(procspawn__cunit_mailbox, "", 0, text);
}

static void run_test(void)
{
    if (current->init && current->init() != 0) {
        note("the suite's pInitFunc failed");
        return;
    }
    if (current->set_up)
        current->set_up();
    current->function();
}

static void run_cleanup(void)
{
    if (current->cleanup && current->cleanup() != 0)
        note("the suite's pCleanupFunc failed");
}

/*
 * Takes over failures that CUnit counted in this process, from assertions in files without our
 * header.
 */
static void collect_from_cunit(struct mailbox *mailbox)
{
    for (CU_pFailureRecord record = CU_get_failure_list(); record; record = record->pNext)
        procspawn__cunit_mailbox_fail(mailbox, record->strFileName, record->uiLineNumber,
                                      record->strCondition);
    atomic_fetch_add(&mailbox->assertions, CU_get_number_of_asserts());
}

/* A test may have lowered the limit so far that the inventories could not open their files. */
static void restore_descriptor_limit(const struct rlimit *before)
{
    struct rlimit now;

    if (getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur >= before->rlim_cur)
        return;
    now.rlim_cur = now.rlim_max < before->rlim_cur ? now.rlim_max : before->rlim_cur;
    setrlimit(RLIMIT_NOFILE, &now);
}

static bool run_between_inventories(struct mailbox *mailbox, const struct run_settings *settings)
{
    struct leftovers leftovers;
    struct rlimit descriptors;
    bool whole;

    getrlimit(RLIMIT_NOFILE, &descriptors);
    procspawn__cunit_leftovers_begin(&leftovers);
    whole = procspawn__cunit_guarded(run_test);
    whole = procspawn__cunit_guarded(current->tear_down) && whole;
    whole = procspawn__cunit_guarded(run_cleanup) && whole;
    restore_descriptor_limit(&descriptors);
    /*
     * After a fatal assertion the test's clean-up code did not run, so leftovers are not reported.
     */
    return procspawn__cunit_leftovers_end(&leftovers, whole ? atomic_load(&mailbox->allowed) : ~0u,
                                          (int64_t)((double)(CUNIT_SECOND / 2) * settings->factor));
}

_Noreturn void procspawn__cunit_child(const struct test_case *test_case,
                                      const struct run_settings *settings)
{
    struct mailbox *mailbox = procspawn__cunit_mailbox;
    bool threads_left;

    current = test_case;
    CU_clear_previous_results();
    mallopt(M_ARENA_MAX, 1); /* see mappings.c */
    procspawn__cunit_crash_watch();
    procspawn__cunit_guarded(settings->setup);
    threads_left = run_between_inventories(mailbox, settings);
    procspawn__cunit_guarded(settings->teardown);
    collect_from_cunit(mailbox);
    atomic_store(&mailbox->state, MAILBOX_FINISHED);
    if (threads_left) {
        fflush(NULL);
        _exit(0); /* handlers of exit() would free what running threads use */
    }
    if (procspawn__cunit_memory_leaked()) {
        note("memory leaked; LeakSanitizer's report is on stderr");
        fflush(NULL);
        _exit(0);
    }
    exit(0);
}
