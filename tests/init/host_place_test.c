/*
 * host_place_test.c - programs in unusual places: another directory, other ids, a container, a
 * kernel that refuses
 */
#include "tests/support/call_helpers.h"
#include "tests/support/host_helpers.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a program that moves ---- */

static json_t *where(json_t *unused)
{
    char path[256];
    mode_t mask = umask(0);

    (void)unused;
    return json_pack("[s, i]", getcwd(path, sizeof path), (int)mask);
}

static void check_where(const char *path, mode_t mask)
{
    json_t *found = calls_result(calls_start(where, NULL));

    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(found, 0)), path);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(found, 1)), mask);
    json_decref(found);
}

static void move(void)
{
    char path[256];

    calls_begin();
    CU_ASSERT(chdir("/usr") == 0);
    umask(027);
    check_where("/usr", 027);
    CU_ASSERT(chdir("/") == 0);
    umask(0);
    check_where("/", 0);
    CU_ASSERT_STRING_EQUAL(getcwd(path, sizeof path), "/");
    PROCSPAWN_CUNIT_EQUAL(umask(022), 0);
    calls_end();
}

static void a_program_that_changes_its_directory_and_umask_takes_its_calls_along(void)
{
    host_run(move);
}

/* ---- ids ---- */

enum { SOMEBODY = 65534 };

static json_t *own_ids(json_t *unused)
{
    uid_t real, effective, saved;

    (void)unused;
    getresuid(&real, &effective, &saved);
    return json_pack("[i, i, i]", (int)real, (int)effective, (int)saved);
}

static void check_ids(int real, int effective, int saved)
{
    json_t *ids = calls_result(calls_start(own_ids, NULL));

    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(ids, 0)), real);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(ids, 1)), effective);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(ids, 2)), saved);
    json_decref(ids);
}

/* As the kernel starts a program with the setuid bit of root. */
static void start_setuid(void)
{
    if (setresuid(SOMEBODY, 0, 0) < 0)
        abort();
    calls_begin();
    check_ids(SOMEBODY, 0, 0);
    CU_ASSERT(seteuid(SOMEBODY) == 0);
    check_ids(SOMEBODY, SOMEBODY, 0);
    CU_ASSERT(seteuid(0) == 0);
    CU_ASSERT(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
    check_ids(SOMEBODY, SOMEBODY, SOMEBODY);
    host_call_in_all_ways();
    calls_end();
}

static void a_setuid_program_gives_its_calls_the_ids_of_the_moment(void)
{
    if (geteuid() != 0) {
        CU_PASS("only root can look like a setuid program");
        return;
    }
    host_run(start_setuid);
}

/* ---- the first process ---- */

static void be_first(void)
{
    PROCSPAWN_CUNIT_EQUAL(getpid(), 1);
    CU_ASSERT(mount("proc", "/proc", "proc", 0, NULL) == 0);
    calls_begin();
    host_call_in_all_ways();
    errno = 0;
    CU_ASSERT(waitpid(-1, NULL, WNOHANG) < 0);
    PROCSPAWN_CUNIT_EQUAL(errno, ECHILD);
    calls_end();
}

static void the_first_process_of_a_container_can_call(void)
{
    if (geteuid() != 0) {
        CU_PASS("only root can make a pid namespace");
        return;
    }
    int status = -1;
    pid_t maker = fork();
    if (maker == 0) {
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
            /* Not permitted, or in a chroot, whose root is no mount that could be made private. */
            _exit(errno == EPERM || errno == EINVAL ? 0 : 1);
        host_run(be_first);
        _exit(0);
    }
    CU_ASSERT(waitpid(maker, &status, 0) == maker);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

/* ---- a program that may not use clone3 ---- */

/* As filters of containers do: the system call returns ENOSYS. */
static void refuse_clone3(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };

    CU_ASSERT_FATAL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CU_ASSERT_FATAL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
    CU_ASSERT_FATAL(syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
}

/* The first of its processes that has this name; it is no child of the program here. */
static pid_t find_root(void)
{
    procspawn_handle *handle = calls_start(calls_parent, NULL);
    pid_t server = (pid_t)calls_integer(handle);
    char path[64];
    int root = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)server);
    FILE *stat = fopen(path, "re");
    CU_ASSERT_FATAL(stat && fscanf(stat, "%*d %*s %*c %d", &root) == 1);
    fclose(stat);
    return root;
}

static void call_without_clone3(void)
{
    struct calls_tree tree = { 0 };

    refuse_clone3();
    calls_begin();
    CU_ASSERT(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    host_call_in_all_ways();
    pid_t root = find_root();
    calls_tree_add(&tree, root);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, 0), 0);
    calls_tree_close(&tree);
    calls_begin();
    root = find_root();
    calls_tree_open(&tree, root);
    calls_stop(root);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, CALLS_SECOND), 0);
    calls_tree_close(&tree);
    CU_ASSERT(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void without_clone3_all_is_as_ever(void)
{
    host_run(call_without_clone3);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_program_that_changes_its_directory_and_umask_takes_its_calls_along),
    TEST(a_setuid_program_gives_its_calls_the_ids_of_the_moment),
    TEST(the_first_process_of_a_container_can_call),
    TEST(without_clone3_all_is_as_ever),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "host", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
