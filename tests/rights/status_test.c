/*
 * status_test.c - the caller's directory and umask, and where they are read
 */
#include "src/rights/status.h"
#include "tests/support/call_helpers.h"
#include "tests/support/confinement_helpers.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLENTY_OF_GROUPS = 4000 };

static json_t *directory_and_umask(json_t *argument)
{
    char path[512];
    (void)argument;

    return json_pack("[s,i]", getcwd(path, sizeof path) ? path : "?", (int)umask(0));
}

static void check_child(const char *directory, mode_t mask)
{
    json_t *told = calls_result(calls_start(directory_and_umask, NULL));

    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(told, 1)), mask);
    calls_check_text(json_incref(json_array_get(told, 0)), directory);
    json_decref(told);
}

static void check_changes(void)
{
    CU_ASSERT(chdir("/usr") == 0);
    umask(027);
    check_child("/usr", 027);
    umask(077);
    check_child("/usr", 077);
    CU_ASSERT(chdir("/") == 0);
    check_child("/", 077);
    PROCSPAWN_CUNIT_EQUAL(umask(022), 077);
}

static void directory_and_umask_are_the_callers(void)
{
    calls_begin();
    check_changes();
    calls_end();
}

static void change_without_proc(void)
{
    if (!confinement_lose_proc()) {
        puts("skip   status: /proc cannot be taken away");
        return;
    }
    umask(022);
    calls_begin();
    check_changes();
    confinement_in_thread(check_changes);
    calls_end();
}

static void directory_and_umask_follow_without_proc(void)
{
    confinement_in_process(change_without_proc);
}

static void be_apart(void)
{
    CU_ASSERT_FATAL(unshare(CLONE_FS) == 0);
    check_changes();
    umask(072);
    CU_ASSERT(chdir("/usr") == 0);
}

static void a_thread_may_have_a_directory_and_umask_of_its_own(void)
{
    CU_ASSERT(chdir("/") == 0);
    umask(022);
    calls_begin();
    confinement_in_thread(be_apart);
    check_child("/", 022);
    calls_end();
}

/* ---- the file ---- */

/* The descriptor that is kept for it, -1 if there is none. */
static int find_kept(void)
{
    char path[64], target[64];

    for (int fd = STDERR_FILENO + 1; fd < 64; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length < 0)
            continue;
        target[length] = '\0';
        if (strncmp(target, "/proc/", 6) == 0 && strstr(target, "/status"))
            return fd;
    }
    return -1;
}

static void the_program_may_close_the_descriptor_or_use_it_for_a_file(void)
{
    calls_begin();
    umask(031);
    CU_ASSERT(chdir("/") == 0);
    check_child("/", 031);
    int kept = find_kept();
    CU_ASSERT_FATAL(kept >= 0);
    close(kept);
    umask(032);
    check_child("/", 032);
    kept = find_kept();
    CU_ASSERT_FATAL(kept >= 0);
    int other = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    CU_ASSERT(dup2(other, kept) == kept);
    umask(033);
    check_child("/", 033);
    struct stat is, was;
    CU_ASSERT(fstat(kept, &is) == 0 && fstat(other, &was) == 0 && is.st_ino == was.st_ino);
    close(kept);
    close(other);
    calls_end();
}

static bool may_have_groups(void)
{
    return setgroups(0, NULL) == 0;
}

static void plenty_of_groups_do_not_hide_what_comes_behind(void)
{
    gid_t *groups = calloc(PLENTY_OF_GROUPS, sizeof *groups);

    for (gid_t i = 0; i < PLENTY_OF_GROUPS; i++)
        groups[i] = 1000000 + i;
    if (!may_have_groups())
        puts("skip   status: no groups can be had");
    else
        CU_ASSERT(setgroups(PLENTY_OF_GROUPS, groups) == 0);
    free(groups);
    directory_and_umask_are_the_callers();
}

static void compare(void)
{
    struct procspawn__status from_file, asked;

    umask(026);
    CU_ASSERT_FATAL(procspawn__status_read(&from_file) == 0);
    procspawn__status_close();
    if (geteuid() != 0 || !confinement_lose_proc()) {
        puts("skip   status: the same rights without /proc need root");
        return;
    }
    CU_ASSERT_FATAL(procspawn__status_read(&asked) == 0);
    PROCSPAWN_CUNIT_EQUAL(asked.umask, from_file.umask);
    PROCSPAWN_CUNIT_EQUAL(asked.umask, 026);
    CU_ASSERT(memcmp(&asked.rights, &from_file.rights, sizeof asked.rights) == 0);
    PROCSPAWN_CUNIT_EQUAL(asked.seccomp, from_file.seccomp);
    PROCSPAWN_CUNIT_EQUAL(umask(0), 026);
}

static void what_proc_tells_is_what_the_kernel_says_piece_by_piece(void)
{
    confinement_in_process(compare);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(directory_and_umask_are_the_callers),
    TEST(directory_and_umask_follow_without_proc),
    TEST(a_thread_may_have_a_directory_and_umask_of_its_own),
    TEST(the_program_may_close_the_descriptor_or_use_it_for_a_file),
    TEST(plenty_of_groups_do_not_hide_what_comes_behind),
    TEST(what_proc_tells_is_what_the_kernel_says_piece_by_piece),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "status", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
