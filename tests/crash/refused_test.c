/*
 * refused_test.c - deaths while a filter refuses one system call
 *
 * Each system call that a report may use is refused alone: in the child, from before its death on,
 * or in the program, from before init on. Then stack and threads may be missing, but not the death,
 * its cause, and the text of an assertion.
 */
#include "tests/support/call_helpers.h"
#include "tests/support/frame.h"
#include "tests/support/jail.h"
#include "tests/support/report_helpers.h"
#include "tests/support/sanitizer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What may be lost, of a death in the jail and of the program's jail. */
enum loss {
    NOTHING = 0,
    TEXT = 1,       /* of an assertion: the signal is told, then */
    THREAD = 2      /* there can be none */
};

#define ROW(name, in_child, in_program) { #name, SYS_##name, in_child, in_program }
#define CALL(name) ROW(name, NOTHING, NOTHING)

/* Without mmap the C library keeps no copy of the text. Without capset and openat the reporter may
 * still have more rights than the child, or cannot know, and reads nothing of it. */
static const struct row {
    const char *name;
    long number;
    enum loss in_child, in_program;
} rows[] = {
    CALL(close), CALL(close_range), CALL(fcntl), CALL(getdents64), CALL(getpid), CALL(getppid),
    CALL(gettid), CALL(kill), CALL(lseek), CALL(memfd_create), CALL(munmap), CALL(newfstatat),
    CALL(prctl), CALL(pread64), CALL(prlimit64), CALL(process_vm_readv), CALL(process_vm_writev),
    CALL(ptrace), CALL(pwrite64), CALL(read), CALL(readlinkat), CALL(rt_sigaction),
    CALL(rt_sigprocmask), CALL(rt_sigtimedwait), CALL(setgroups), CALL(setitimer),
    CALL(setresgid), CALL(setresuid), CALL(sigaltstack), CALL(tgkill), CALL(wait4), CALL(waitid),
    CALL(write),
    ROW(capset, NOTHING, TEXT),
    ROW(futex, NOTHING, THREAD),
    ROW(mmap, TEXT, TEXT | THREAD),
    ROW(mprotect, NOTHING, THREAD),
    ROW(openat, NOTHING, TEXT),
};

enum { ROWS = sizeof rows / sizeof *rows };

/* ---- the deaths ---- */

static volatile int *volatile nowhere;

static FRAME void write_to_null(void)
{
    *nowhere = 1;
}

static FRAME void fail_an_assertion(void)
{
    assert(nowhere != NULL);
}

static void *write_in_a_thread(void *nothing)
{
    write_to_null();
    return nothing;
}

/* The thread is there before the filter is, and dies when it is told to. */
static pthread_barrier_t filtered;

static void *wait_and_write(void *nothing)
{
    pthread_barrier_wait(&filtered);
    return write_in_a_thread(nothing);
}

static void refuse_here(const json_t *row)
{
    if (json_is_integer(row))
        jail_enter(&(struct jail_rule){ .number = rows[json_integer_value(row)].number }, EPERM);
}

static json_t *dies_by_null(json_t *row)
{
    refuse_here(row);
    write_to_null();
    return NULL;
}

static json_t *dies_by_an_assertion(json_t *row)
{
    refuse_here(row);
    fail_an_assertion();
    return NULL;
}

static json_t *dies_by_null_beside_a_thread(json_t *row)
{
    pthread_t thread;

    pthread_barrier_init(&filtered, NULL, 2);
    if (pthread_create(&thread, NULL, wait_and_write, NULL) != 0)
        _exit(1);
    refuse_here(row);
    write_to_null();
    return NULL;
}

static const struct death {
    const char *name;
    procspawn_function *function;
    enum procspawn_cause cause;
    const char *message;
} deaths[] = {
    { "null", dies_by_null, PROCSPAWN_CAUSE_SIGNAL, "SIGSEGV" },
    { "assertion", dies_by_an_assertion, PROCSPAWN_CAUSE_ASSERT, "`nowhere != NULL'" },
    { "null beside a thread", dies_by_null_beside_a_thread, PROCSPAWN_CAUSE_SIGNAL,
      "SIGSEGV" },
};

enum { DEATHS = sizeof deaths / sizeof *deaths };

/* Without tgkill and the like abort() ends by another signal. */
static bool is_told(const struct death *death, enum loss loss, const procspawn_error *error)
{
    enum procspawn_cause cause = error ? procspawn_error_cause(error) : PROCSPAWN_CAUSE_NONE;

    if (!error || procspawn_error_kind(error) != PROCSPAWN_ERROR_REMOTE_CLOSE)
        return false;
    if (death->cause == PROCSPAWN_CAUSE_ASSERT && loss & TEXT)
        return cause == PROCSPAWN_CAUSE_SIGNAL && procspawn_error_signal(error) == SIGABRT;
    return cause == death->cause &&
           (cause == PROCSPAWN_CAUSE_ASSERT || procspawn_error_signal(error) == SIGSEGV) &&
           strstr(procspawn_error_message(error), death->message);
}

static void check_told(const char *row, const struct death *death, enum loss loss,
                       const procspawn_error *error)
{
    bool told = is_told(death, loss, error);

    CU_ASSERT(told);
    if (told)
        return;
    printf("  %s without %s: ", death->name, row);
    if (error)
        procspawn_error_print(error, stdout);
    else
        puts("no error");
}

static void die(const char *row, const struct death *death, enum loss loss, json_t *argument)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle;
    procspawn_error *error = NULL;

    if (death->function == dies_by_null_beside_a_thread && loss & THREAD) {
        procspawn_builder_free(builder);
        return;
    }
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_rlimit(builder, RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    CU_ASSERT_EQUAL_FATAL(procspawn_builder_spawn(builder, death->function, argument, &handle), 0);
    procspawn_builder_free(builder);
    procspawn_join_timeout(handle, 30 * CALLS_SECOND, NULL, &error);
    check_told(row, death, loss, error);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
}

/* ---- refused in the child ---- */

static void a_child_that_is_refused_a_system_call_dies_of_what_it_did(void)
{
    procspawn_cunit_time_limit(600 * CALLS_SECOND);
    calls_begin();
    for (size_t row = 0; row < ROWS; row++)
        for (size_t i = 0; i < DEATHS; i++) {
            json_t *number = json_integer((json_int_t)row);

            die(rows[row].name, &deaths[i], rows[row].in_child, number);
            json_decref(number);
        }
    calls_end();
}

/* ---- refused together: nothing that could stop the process ---- */

/* Signals but SIGABRT cannot be sent, and no handler can be taken back. */
static void refuse_to_stop(void)
{
    const struct jail_rule rules[] = {
        { .number = SYS_kill }, { .number = SYS_tkill }, { .number = SYS_rt_sigaction },
        { .number = SYS_tgkill, .argument = 2, .mask = UINT32_MAX, .value = SIGSTOP },
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        jail_enter(&rules[i], EPERM);
}

static json_t *writes_to_null_unstopped(json_t *nothing)
{
    refuse_to_stop();
    write_to_null();
    return nothing;
}

static json_t *fails_an_assertion_unstopped(json_t *nothing)
{
    refuse_to_stop();
    fail_an_assertion();
    return nothing;
}

static json_t *leaves_its_server_and_writes_to_null(json_t *nothing)
{
    procspawn_leave_server();
    return writes_to_null_unstopped(nothing);
}

static void a_child_that_cannot_stop_itself_is_examined_all_the_same(void)
{
    calls_begin();
    procspawn_error *error = report_silent_error(writes_to_null_unstopped);

    CU_ASSERT_EQUAL(procspawn_error_signal(error), SIGSEGV);
    CU_ASSERT(report_has_symbol(error, "write_to_null"));
    CU_ASSERT(report_has_symbol(error, "writes_to_null_unstopped"));
    procspawn_error_free(error);
    calls_end();
}

static void an_assertion_ends_a_child_that_cannot_stop_itself(void)
{
    calls_begin();
    procspawn_error *error = report_silent_error(fails_an_assertion_unstopped);

    CU_ASSERT_EQUAL(procspawn_error_cause(error), PROCSPAWN_CAUSE_ASSERT);
    CU_ASSERT(report_has_symbol(error, "fail_an_assertion"));
    procspawn_error_free(error);
    calls_end();
}

static void who_has_left_its_server_dies_without_a_report(void)
{
    calls_begin();
    procspawn_error *error = report_silent_error(leaves_its_server_and_writes_to_null);

    CU_ASSERT_EQUAL(procspawn_error_signal(error), SIGSEGV);
    CU_ASSERT_EQUAL(procspawn_error_frame_count(error), 0);
    CU_ASSERT_STRING_NOT_EQUAL(procspawn_error_reason(error), "");
    procspawn_error_free(error);
    calls_end();
}

/* ---- refused in the program, and so in its servers and in what makes the report ---- */

static void die_in_jail(const struct row *row)
{
    procspawn_config *config = procspawn_config_new();
    static char name[] = "jail";
    static char *arguments[] = { name, NULL };

    procspawn_config_start_timeout(config, CALLS_START_TIMEOUT);
    jail_enter(&(struct jail_rule){ .number = row->number }, EPERM);
    int rc = procspawn_init_with(config, 1, arguments);
    for (size_t i = 0; i < DEATHS && rc == 0; i++)
        die(row->name, &deaths[i], row->in_program, NULL);
    if (rc == 0)
        procspawn_fini();
    CU_ASSERT(rc == 0 || rc == -EPERM);
}

/* Without some system calls a program is refused by init, and some end the test's process. */
static void a_program_that_is_refused_a_system_call_learns_of_deaths(void)
{
    procspawn_cunit_time_limit(600 * CALLS_SECOND);
    if (sanitizer_skips("its runtime needs these calls, too"))
        return;
    for (size_t row = 0; row < ROWS; row++) {
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            die_in_jail(&rows[row]);
            fflush(stdout);
            _exit(0);
        }
        CU_ASSERT(waitpid(pid, NULL, 0) == pid);
    }
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_child_that_is_refused_a_system_call_dies_of_what_it_did),
    TEST(a_child_that_cannot_stop_itself_is_examined_all_the_same),
    TEST(an_assertion_ends_a_child_that_cannot_stop_itself),
    TEST(who_has_left_its_server_dies_without_a_report),
    TEST(a_program_that_is_refused_a_system_call_learns_of_deaths),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "refused", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
