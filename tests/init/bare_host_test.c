/*
 * bare_host_test.c - programs in an environment where something is missing or has another meaning
 */
#include "tests/support/call_helpers.h"
#include "tests/support/tour.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a mount namespace of its own; the process ends where there is none to be had. */
static void own_mounts(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        _exit(1);
}

static bool may_mount(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        own_mounts();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status == 0;
}

static void check_tour(void (*prepare)(const void *), const char *name, bool frames)
{
    struct tour tour;

    if (!may_mount()) {
        CU_PASS("no mount namespace can be had");
        return;
    }
    tour_run(prepare, NULL, &tour);
    tour_check_all(&tour, name);
    if (frames)
        tour_check_frames(&tour, name);
}

/* ---- /proc ---- */

static void lose_proc(const void *unused)
{
    (void)unused;
    own_mounts();
    if (umount2("/proc", MNT_DETACH) < 0)
        _exit(1);
}

static void without_proc_all_works_but_for_frames(void)
{
    check_tour(lose_proc, "no /proc", false);
}

/* The parent waits in the namespace outside; the tour goes on in the child, the first inside. */
static void be_first(void)
{
    int status = -1;
    pid_t pid = unshare(CLONE_NEWPID) < 0 ? -1 : fork();

    if (pid == 0)
        return;
    if (pid > 0)
        waitpid(pid, &status, 0);
    _exit(status == 0 ? 0 : 1);
}

static void keep_outer_proc(const void *unused)
{
    (void)unused;
    be_first();
}

static void the_proc_of_another_namespace_is_not_believed(void)
{
    check_tour(keep_outer_proc, "the outer /proc", false);
}

static long read_number(const char *path)
{
    long number = 0;
    FILE *file = fopen(path, "re");

    if (file && fscanf(file, "%ld", &number) != 1)
        number = 0;
    if (file)
        fclose(file);
    return number;
}

static bool write_number(const char *path, long number)
{
    FILE *file = fopen(path, "we");
    bool written = file && fprintf(file, "%ld", number) > 0;

    return file && fclose(file) == 0 && written;
}

static const char highest_number[] = "/proc/sys/kernel/pid_max";
static const char last_number[] = "/proc/sys/kernel/ns_last_pid";

/*
 * The next numbers are the highest, and then the lowest again. That is of this namespace alone; so
 * is the highest number, by Linux 6.14, if it is another one than outside.
 */
static void come_to_the_last_numbers(const void *outside)
{
    enum { FEW = 32768, LEFT = 6 };

    keep_outer_proc(NULL);
    long highest = read_number(highest_number);
    if (highest != *(const long *)outside && write_number(highest_number, FEW))
        highest = FEW;
    if (!write_number(last_number, highest - LEFT))
        _exit(1);
}

static void lose_proc_and_come_there(const void *outside)
{
    come_to_the_last_numbers(outside);
    lose_proc(NULL);
}

static void where_process_numbers_begin_anew_all_works(void)
{
    long highest = read_number(highest_number);
    struct tour tour;

    if (!may_mount() || read_number(last_number) == 0) {
        CU_PASS("no namespace can be had, or its numbers cannot be set");
        return;
    }
    tour_run(come_to_the_last_numbers, &highest, &tour);
    tour_check_all(&tour, "numbers that begin anew");
    tour_run(lose_proc_and_come_there, &highest, &tour);
    tour_check_all(&tour, "numbers that begin anew, and no /proc");
}

static void have_proc_of_its_own(const void *unused)
{
    (void)unused;
    own_mounts();
    be_first();
    if (mount("proc", "/proc", "proc", 0, NULL) < 0)
        _exit(1);
}

static void the_first_process_works_as_any_other(void)
{
    check_tour(have_proc_of_its_own, "the first process", true);
}

/* ---- files ---- */

static void empty(const char *directory)
{
    own_mounts();
    if (mount("none", directory, "tmpfs", 0, NULL) < 0)
        _exit(1);
}

static void lose_dev(const void *unused)
{
    (void)unused;
    empty("/dev");
}

static void without_dev_null_all_works(void)
{
    check_tour(lose_dev, "no /dev/null", true);
}

static void lose_tmp(const void *unused)
{
    (void)unused;
    empty("/tmp");
    if (mount("none", "/tmp", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
        _exit(1);
}

static void without_tmp_all_works(void)
{
    check_tour(lose_tmp, "no /tmp", true);
}

/* ---- habits ---- */

static void be_reaper(const void *unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void a_subreaper_sees_no_child(void)
{
    check_tour(be_reaper, "a subreaper", true);
}

static void reap_automatically(const void *unused)
{
    (void)unused;
    signal(SIGCHLD, SIG_IGN);
}

static void a_host_that_ignores_the_ends_of_children_hears_of_those_of_calls(void)
{
    check_tour(reap_automatically, "SIGCHLD ignored", true);
}

static void close_streams(const void *unused)
{
    (void)unused;
    for (int fd = 0; fd < 3; fd++)
        close(fd);
}

static void without_standard_streams_all_works(void)
{
    check_tour(close_streams, "no standard streams", true);
}

static CU_TestInfo tests[] = {
    { "without_proc_all_works_but_for_frames", without_proc_all_works_but_for_frames },
    { "the_proc_of_another_namespace_is_not_believed",
      the_proc_of_another_namespace_is_not_believed },
    { "where_process_numbers_begin_anew_all_works", where_process_numbers_begin_anew_all_works },
    { "the_first_process_works_as_any_other", the_first_process_works_as_any_other },
    { "without_dev_null_all_works", without_dev_null_all_works },
    { "without_tmp_all_works", without_tmp_all_works },
    { "a_subreaper_sees_no_child", a_subreaper_sees_no_child },
    { "a_host_that_ignores_the_ends_of_children_hears_of_those_of_calls",
      a_host_that_ignores_the_ends_of_children_hears_of_those_of_calls },
    { "without_standard_streams_all_works", without_standard_streams_all_works },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "bare host", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
