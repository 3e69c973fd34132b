/*
 * files_test.c - profile FILES: paths that are let in, as far as they are, and no others
 */
#include "tests/support/sandbox_helpers.h"
#include "tests/support/somebody.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of the test's: in/ is let in, out/ is not; a file in each. Known to the children,
 * because it is made before init. */
static char directory[] = "/tmp/sandbox-XXXXXX";
static char in_file[64], out_file[64], new_file[64], made[64];

static void write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    CU_ASSERT_FATAL(fd >= 0);
    PROCSPAWN_CUNIT_EQUAL(write(fd, "text", 4), 4);
    close(fd);
    chmod(path, 0666);
}

static void make_directory(const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    PROCSPAWN_CUNIT_EQUAL(mkdir(path, 0777), 0);
    chmod(path, 0777);
}

static void make_files(void)
{
    strcpy(directory, "/tmp/sandbox-XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(directory) != NULL);
    chmod(directory, 0777);
    make_directory("in");
    make_directory("out");
    snprintf(in_file, sizeof in_file, "%s/in/file", directory);
    snprintf(out_file, sizeof out_file, "%s/out/file", directory);
    snprintf(new_file, sizeof new_file, "%s/in/new", directory);
    snprintf(made, sizeof made, "%s/in/made", directory);
    write_file(in_file);
    write_file(out_file);
}

static void files_begin(void)
{
    make_files();
    sandbox_begin();
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
}

static void files_begin_as_somebody(void)
{
    if (geteuid() == 0)
        become(SOMEBODY);
    make_files();
    sandbox_begin_as_somebody();
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
}

static void files_end(void)
{
    char command[64];

    sandbox_end();
    snprintf(command, sizeof command, "rm -rf %s", directory);
    PROCSPAWN_CUNIT_EQUAL(system(command), 0);
}

static void let_in(unsigned rights)
{
    char path[64];

    snprintf(path, sizeof path, "%s/in", directory);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_path(sandbox_builder, path, rights), 0);
}

static json_t *opened(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0666);
    int error = fd < 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    return json_integer(error);
}

static json_t *outcome(int rc)
{
    return json_integer(rc < 0 ? errno : 0);
}

#define FUNCTION(name, result) \
    static json_t *name(json_t *unused) \
    { \
        (void)unused; \
        return result; \
    }

FUNCTION(reads_inside, opened(in_file, O_RDONLY))
FUNCTION(reads_outside, opened(out_file, O_RDONLY))
FUNCTION(writes_inside, opened(in_file, O_WRONLY))
FUNCTION(truncates_inside, opened(in_file, O_WRONLY | O_TRUNC))
FUNCTION(truncates_outside, outcome(truncate(out_file, 0)))
FUNCTION(creates_inside, opened(new_file, O_WRONLY | O_CREAT | O_EXCL))
FUNCTION(makes_a_directory, outcome(mkdir(made, 0777)))
FUNCTION(makes_a_symbolic_link, outcome(symlink("/etc/passwd", made)))
FUNCTION(makes_a_fifo, outcome(mkfifo(made, 0600)))
FUNCTION(removes_inside, outcome(unlink(in_file)))
FUNCTION(removes_outside, outcome(unlink(out_file)))
FUNCTION(moves_inside, outcome(rename(in_file, new_file)))
FUNCTION(moves_outside, outcome(rename(in_file, out_file)))
FUNCTION(links, outcome(link(in_file, new_file)))
FUNCTION(changes_the_mode, outcome(chmod(in_file, 0600)))
FUNCTION(executes, outcome(execl("/bin/true", "true", NULL)))
FUNCTION(opens_proc, opened("/proc/self/environ", O_RDONLY))
FUNCTION(opens_up, (chdir(directory), opened("in/../out/file", O_RDONLY)))

static void nothing_is_let_in_unless_it_is_said(void)
{
    sandbox_check_integer(reads_inside, EACCES);
    sandbox_check_integer(reads_outside, EACCES);
    sandbox_check_integer(opens_proc, EACCES);
}

static void what_is_let_in_for_reading_can_be_read(void)
{
    let_in(PROCSPAWN_PATH_READ);
    sandbox_check_integer(reads_inside, 0);
    sandbox_check_integer(reads_outside, EACCES);
    sandbox_check_integer(opens_up, EACCES);
    sandbox_check_integer(writes_inside, EACCES);
    sandbox_check_integer(creates_inside, EACCES);
    sandbox_check_integer(removes_inside, EACCES);
}

static void what_is_let_in_for_writing_can_be_changed(void)
{
    let_in(PROCSPAWN_PATH_WRITE);
    sandbox_check_integer(reads_inside, EACCES);
    sandbox_check_integer(writes_inside, 0);
    sandbox_check_integer(truncates_inside, 0);
    sandbox_check_integer(truncates_outside, EACCES);
    sandbox_check_integer(creates_inside, EACCES);
}

static void check_once(procspawn_function *function, json_int_t wanted)
{
    procspawn_handle *handle = calls_build(sandbox_builder, function, NULL);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), wanted);
}

static void what_is_let_in_for_creating_can_be_made_and_removed(void)
{
    let_in(PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE);
    check_once(creates_inside, 0);
    check_once(makes_a_directory, 0);
    PROCSPAWN_CUNIT_EQUAL(rmdir(made), 0);
    check_once(makes_a_symbolic_link, EACCES);
    check_once(makes_a_fifo, EACCES);
    check_once(moves_outside, EACCES);
    check_once(removes_outside, EACCES);
    check_once(moves_inside, 0);
    check_once(removes_inside, ENOENT);
}

static void what_no_profile_has_is_a_violation(void)
{
    let_in(PROCSPAWN_PATH_READ | PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE);
    sandbox_check_violation(links, "link", NULL);
    sandbox_check_violation(changes_the_mode, "chmod", NULL);
    sandbox_check_violation(executes, "execve", NULL);
}

static void a_single_file_can_be_let_in(void)
{
    procspawn_builder_path(sandbox_builder, in_file, PROCSPAWN_PATH_READ | PROCSPAWN_PATH_CREATE);
    sandbox_check_integer(reads_inside, 0);
    sandbox_check_integer(removes_inside, EACCES);
    sandbox_check_integer(reads_outside, EACCES);
}

/* ---- directories that were handed in ---- */

static json_t *opens_below_its_argument(json_t *argument)
{
    int fd = -1;

    if (procspawn_value_claim_fd(argument, &fd) < 0)
        return NULL;
    int file = openat(fd, "file", O_RDONLY | O_CLOEXEC);
    return json_integer(file < 0 ? errno : 0);
}

static void check_handed_in(json_int_t wanted)
{
    char path[64];
    struct procspawn_result result;

    snprintf(path, sizeof path, "%s/in", directory);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    sandbox_call(SANDBOX_CALL, opens_below_its_argument, procspawn_value_fd_take(fd), &result);
    PROCSPAWN_CUNIT_EQUAL(result.status, 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(result.value), wanted);
    procspawn_result_fini(&result);
}

static void a_directory_that_was_handed_in_needs_its_path_let_in(void)
{
    check_handed_in(EACCES);
    let_in(PROCSPAWN_PATH_READ);
    check_handed_in(0);
}

/* ---- paths that are refused ---- */

static void check_refused(const char *path, const char *reason)
{
    procspawn_builder *all = sandbox_builder;

    sandbox_builder = procspawn_builder_new();
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_path(sandbox_builder, path, PROCSPAWN_PATH_READ), 0);
    sandbox_check_setup(calls_echo, reason);
    procspawn_builder_free(sandbox_builder);
    sandbox_builder = all;
}

static void places_of_processes_and_devices_are_refused(void)
{
    check_refused("/", "lies in or above");
    check_refused("/proc", "lies in or above");
    check_refused("/proc/self", "lies in or above");
    check_refused("/tmp/../proc", "lies in or above");
    check_refused("/dev", "lies in or above");
    check_refused("/dev/null", "lies in or above");
    check_refused("/dev/shm", "lies in or above");
    check_refused("/sys", "lies in or above");
    check_refused("/sys/devices", "lies in or above");
    check_refused("/sys/kernel/uevent_seqnum", "lies in or above");
    check_refused("/proc/self/cwd", "a link of /proc");
    check_refused("/proc/self/root/etc", "a link of /proc");
}

static void a_path_that_is_not_there_is_refused_by_name(void)
{
    check_refused("/nowhere/at/all",
                  "the path \"/nowhere/at/all\" of the sandbox cannot be looked up");
}

static void a_symbolic_link_counts_by_what_it_leads_to(void)
{
    char path[64], link_path[64];

    snprintf(path, sizeof path, "%s/in", directory);
    snprintf(link_path, sizeof link_path, "%s/link", directory);
    PROCSPAWN_CUNIT_EQUAL(symlink(path, link_path), 0);
    procspawn_builder_path(sandbox_builder, link_path, PROCSPAWN_PATH_READ);
    sandbox_check_integer(reads_inside, 0);
    sandbox_check_integer(reads_outside, EACCES);
}

static void rights_that_are_none_are_refused(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_path(sandbox_builder, "/tmp", 0), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_path(sandbox_builder, "/tmp", 8), -EINVAL);
}

static void many_paths_can_be_let_in(void)
{
    for (int i = 0; i < 256; i++)
        let_in(PROCSPAWN_PATH_READ);
    sandbox_check_integer(reads_inside, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_path(sandbox_builder, "/tmp", PROCSPAWN_PATH_READ),
                          -EINVAL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(nothing_is_let_in_unless_it_is_said),
    TEST(what_is_let_in_for_reading_can_be_read),
    TEST(what_is_let_in_for_writing_can_be_changed),
    TEST(what_is_let_in_for_creating_can_be_made_and_removed),
    TEST(what_no_profile_has_is_a_violation),
    TEST(a_single_file_can_be_let_in),
    TEST(a_directory_that_was_handed_in_needs_its_path_let_in),
    TEST(places_of_processes_and_devices_are_refused),
    TEST(a_path_that_is_not_there_is_refused_by_name),
    TEST(a_symbolic_link_counts_by_what_it_leads_to),
    TEST(rights_that_are_none_are_refused),
    TEST(many_paths_can_be_let_in),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "files", .pSetUpFunc = files_begin, .pTearDownFunc = files_end, .pTests = tests },
    { .pName = "files of another user", .pSetUpFunc = files_begin_as_somebody,
      .pTearDownFunc = files_end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
