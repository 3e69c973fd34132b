/*
 * reporter_test.c - the report of a crash that cannot be examined as usual, and whose files are
 * read for it
 */
#include "tests/support/call_helpers.h"
#include "tests/support/jail.h"
#include "tests/support/made_module.h"
#include "tests/support/report_helpers.h"
#include "tests/support/subprocess.h"
#include "tests/support/withheld_memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOMEBODY = 1234 };

static json_t *asserts(json_t *argument)
{
    assert(json_is_object(argument) && "the sky is green");
    return json_incref(argument);
}

/* ---- how a call ends ---- */

static void check_assertion(procspawn_error *error)
{
    CU_ASSERT(strstr(procspawn_error_message(error), "the sky is green") != NULL);
    CU_ASSERT(strstr(procspawn_error_file(error), "reporter_test.c") != NULL);
    CU_ASSERT_STRING_EQUAL(procspawn_error_function(error), "asserts");
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_ASSERT);
}

/* ---- without frames ---- */

static void check_causes_without_frames(void)
{
    procspawn_error *error = report_error(NULL, report_crashes, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_error_frame_count(error), 0);
    report_check_signal(error, SIGSEGV);
    error = report_error(NULL, report_overflows, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_frame_count(error), 0);
    report_check_overflow(error);
    check_assertion(report_error(NULL, asserts, json_integer(1)));
}

static void without_backtraces_the_causes_are_told(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_capture_backtraces(config, false);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
    check_causes_without_frames();
    calls_end();
}

static void in_process(void (*part)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        calls_begin();
        part();
        calls_end();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static void in_jail(long number, void (*part)(void))
{
    const struct jail_rule rule = { .number = number };
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        jail_enter(&rule, EPERM);
        in_process(part);
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static void without_a_memfd_the_causes_are_told(void)
{
    in_jail(SYS_memfd_create, check_causes_without_frames);
}

/* ---- with other ways to the same ---- */

static void check_causes_with_frames(void)
{
    procspawn_error *error = report_error(NULL, report_crashes, NULL);

    CU_ASSERT(report_has_symbol(error, "report_write_nowhere"));
    CU_ASSERT(report_has_symbol(error, "report_crashes"));
    report_check_signal(error, SIGSEGV);
    error = report_error(NULL, report_overflows, NULL);
    CU_ASSERT(report_has_symbol(error, "report_recurse"));
    report_check_overflow(error);
    error = report_error(NULL, asserts, json_integer(1));
    CU_ASSERT(report_has_symbol(error, "asserts"));
    check_assertion(error);
}

static void where_memory_cannot_be_read_by_process_all_is_told(void)
{
    in_jail(SYS_process_vm_readv, check_causes_with_frames);
}

static void where_links_cannot_be_refused_all_is_told(void)
{
    in_jail(SYS_openat2, check_causes_with_frames);
}

/* ---- a function that has put itself into a jail ---- */

static json_t *crashes_without(json_t *number)
{
    jail_enter(&(struct jail_rule){ .number = json_integer_value(number) }, EPERM);
    return report_crashes(number);
}

static json_t *asserts_without(json_t *number)
{
    jail_enter(&(struct jail_rule){ .number = json_integer_value(number) }, EPERM);
    return asserts(number);
}

static void *crash_in_thread(void *unused)
{
    report_write_nowhere();
    return unused;
}

static json_t *crashes_in_thread_without(json_t *number)
{
    pthread_t thread;

    jail_enter(&(struct jail_rule){ .number = json_integer_value(number) }, EPERM);
    pthread_create(&thread, NULL, crash_in_thread, NULL);
    return calls_hang(number);
}

static json_t *crashes_or_dies_of(json_t *number)
{
    jail_enter_deadly(&(struct jail_rule){ .number = json_integer_value(number) });
    return report_crashes(number);
}

static void check_frames_of_crash(procspawn_function *function, long call)
{
    procspawn_error *error = report_error(NULL, function, json_integer(call));

    CU_ASSERT(report_has_symbol(error, "report_write_nowhere"));
    report_check_signal(error, SIGSEGV);
}

/* What the child's own part in a report may ask of the kernel; what it must not need. */
static const long calls_of_handler[] = { SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_tgkill,
                                         SYS_gettid, SYS_futex };

static void a_crash_is_told_whatever_call_its_process_was_refused(void)
{
    calls_begin();
    for (size_t i = 0; i < sizeof calls_of_handler / sizeof *calls_of_handler; i++) {
        check_frames_of_crash(crashes_without, calls_of_handler[i]);
        check_frames_of_crash(crashes_in_thread_without, calls_of_handler[i]);
        check_assertion(report_error(NULL, asserts_without, json_integer(calls_of_handler[i])));
    }
    calls_end();
}

static void a_crash_is_told_whatever_call_its_process_may_not_live_to_make(void)
{
    calls_begin();
    for (size_t i = 0; i < sizeof calls_of_handler / sizeof *calls_of_handler; i++)
        check_frames_of_crash(crashes_or_dies_of, calls_of_handler[i]);
    calls_end();
}

/* ---- whose files ---- */

static struct {
    volatile int loaded, entered, go;
    char path[64];
} *shared;

static json_t *stays_in_module(json_t *argument)
{
    made_module_function *function = made_module(shared->path, 1, sizeof(uint64_t) * 30);
    (void)argument;

    shared->loaded = 1;
    while (!shared->go)
        sched_yield();
    function(&shared->entered);
    return NULL;
}

static procspawn_builder *as_somebody(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_uid(builder, SOMEBODY);
    procspawn_builder_gid(builder, SOMEBODY);
    return builder;
}

static void make_public_folder(char *folder)
{
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL && chmod(folder, 0777) == 0);
}

/* The function ends in a module that it has mapped itself. Before that, the file changes. */
static procspawn_error *end_in_module(procspawn_builder *builder, void (*change)(const char *))
{
    procspawn_handle *handle = calls_build(builder, stays_in_module, NULL);

    while (!shared->loaded)
        sched_yield();
    change(shared->path);
    shared->go = 1;
    while (!shared->entered)
        sched_yield();
    CU_ASSERT(kill(procspawn_pid(handle), SIGSEGV) == 0);
    return report_error_of_call(handle);
}

/* Whether the frame in the module has its name; its place it must have. */
static bool module_is_named(procspawn_builder *builder, void (*change)(const char *))
{
    char folder[] = "/tmp/forkscope.XXXXXX";
    struct procspawn_frame frame;

    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    make_public_folder(folder);
    snprintf(shared->path, sizeof shared->path, "%s/module", folder);
    calls_begin();
    procspawn_error *error = end_in_module(builder, change);
    CU_ASSERT_EQUAL_FATAL(procspawn_error_frame(error, 0, &frame), 0);
    CU_ASSERT(frame.module && strcmp(frame.module, shared->path) == 0);
    bool named = frame.symbol && strcmp(frame.symbol, MADE_MODULE_NAME) == 0;
    procspawn_error_free(error);
    procspawn_builder_free(builder);
    calls_end();
    unlink(shared->path);
    CU_ASSERT(rmdir(folder) == 0);
    munmap(shared, sizeof *shared);
    return named;
}

static void keep(const char *path)
{
    (void)path;
}

static void give_to_root(const char *path)
{
    CU_ASSERT(chown(path, 0, 0) == 0 && chmod(path, 0600) == 0);
}

static void a_module_of_the_childs_own_is_read_with_its_rights(void)
{
    CU_ASSERT(module_is_named(as_somebody(), keep));
    CU_ASSERT(!module_is_named(as_somebody(), give_to_root));
    CU_ASSERT(module_is_named(procspawn_builder_new(), give_to_root));
}

/* What this program does when it is executed from a file that only root may read. */
static int crash_as_somebody(void)
{
    procspawn_builder *builder = as_somebody();
    procspawn_handle *handle;
    procspawn_error *error = NULL;

    if (procspawn_init(0, NULL) < 0 ||
        procspawn_builder_spawn(builder, report_crashes, NULL, &handle) < 0 ||
        procspawn_join(handle, NULL, &error) != PROCSPAWN_ECALL)
        return 2;
    bool named = report_has_symbol(error, "report_write_nowhere") &&
                 report_has_symbol(error, "report_crashes");
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    return procspawn_fini() == 0 && named ? 0 : 1;
}

static void the_executable_is_read_even_if_only_root_may(void)
{
    char folder[] = "/tmp/forkscope.XXXXXX", path[64];
    int status = -1;

    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/program", folder);
    program_copy(path, 0700);
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, path, "--crash-as-somebody", (char *)NULL);
        _exit(127);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    unlink(path);
    rmdir(folder);
}

/* ---- what never comes ---- */

static void hide_by_unopenable(const char *path)
{
    CU_ASSERT(mount(withhold_file(), path, NULL, MS_BIND, NULL) == 0);
}

/* The file at the module's path is another one by now, whose opening takes for ever. */
static void a_module_that_cannot_be_opened_costs_the_frames(void)
{
    char folder[] = "/tmp/forkscope.XXXXXX";

    report_begin_withheld();
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    snprintf(shared->path, sizeof shared->path, "%s/module", folder);
    calls_end();
    calls_begin();
    procspawn_error *error = end_in_module(NULL, hide_by_unopenable);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_frame_count(error), 0);
    report_check_signal(error, SIGSEGV);
    report_check_others();
    umount2(shared->path, MNT_DETACH);
    unlink(shared->path);
    report_end_withheld();
    CU_ASSERT(rmdir(folder) == 0);
    munmap(shared, sizeof *shared);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(without_backtraces_the_causes_are_told),
    TEST(without_a_memfd_the_causes_are_told),
    TEST(where_memory_cannot_be_read_by_process_all_is_told),
    TEST(where_links_cannot_be_refused_all_is_told),
    TEST(a_crash_is_told_whatever_call_its_process_was_refused),
    TEST(a_crash_is_told_whatever_call_its_process_may_not_live_to_make),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo root_tests[] = {
    TEST(a_module_of_the_childs_own_is_read_with_its_rights),
    TEST(the_executable_is_read_even_if_only_root_may),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo held_tests[] = {
    TEST(a_module_that_cannot_be_opened_costs_the_frames),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[4] = {
    { .pName = "reporter", .pTests = tests },
};

/* Without root there is no file of another user, and nothing can be held back. */
int main(int argc, char **argv)
{
    unsigned count = 1;

    if (argc == 2 && strcmp(argv[1], "--crash-as-somebody") == 0)
        return crash_as_somebody();
    if (geteuid() == 0)
        suites[count++] = (CU_SuiteInfo){ .pName = "reporter_ids", .pTests = root_tests };
    if (geteuid() == 0 && withhold_works())
        suites[count++] = (CU_SuiteInfo){ .pName = "reporter_held", .pTests = held_tests };
    return procspawn_cunit_run(suites, argc, argv);
}
