/*
 * need_test.c - what lets a system call in, by its numbers, its path and its address; and a list
 * that is made of what another process may have written
 */
#include "tests/support/sandbox_helpers.h"

#include "src/learn/needs.h"
#include "src/learn/path_text.h"
#include "src/sandbox/need.h"
#include "src/sandbox/path.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { OWN = 4711 };

static struct procspawn__need find(long number, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t argument[SANDBOX_ARGUMENTS] = { a, b, c };
    struct procspawn__need need;

    PROCSPAWN_CUNIT_EQUAL(procspawn__need_find(number, argument, OWN, &need), 0);
    return need;
}

static void check(struct procspawn__need need, enum procspawn__need_kind kind,
                  enum procspawn_sandbox profile)
{
    PROCSPAWN_CUNIT_EQUAL(need.kind, kind);
    PROCSPAWN_CUNIT_EQUAL(need.profile, profile);
}

static void numbers_tell_the_profile_and_the_exception(void)
{
    check(find(SYS_read, 0, 0, 0), PROCSPAWN__NEED_NOTHING, PROCSPAWN_SANDBOX_COMPUTE);
    check(find(SYS_kill, OWN, 9, 0), PROCSPAWN__NEED_NOTHING, PROCSPAWN_SANDBOX_COMPUTE);
    check(find(SYS_kill, OWN + 1, 9, 0), PROCSPAWN__NEED_REFUSED, PROCSPAWN_SANDBOX_NONE);
    check(find(SYS_getcwd, 0, 0, 0), PROCSPAWN__NEED_PROFILE, PROCSPAWN_SANDBOX_FILES);
    check(find(SYS_openat, 0, 0, O_RDWR), PROCSPAWN__NEED_PROFILE, PROCSPAWN_SANDBOX_FILES);
    check(find(SYS_socket, AF_INET, SOCK_STREAM, 0), PROCSPAWN__NEED_PROFILE,
          PROCSPAWN_SANDBOX_NETWORK);
    check(find(SYS_socket, AF_INET, SOCK_DGRAM, 0), PROCSPAWN__NEED_REFUSED,
          PROCSPAWN_SANDBOX_NONE);
    check(find(SYS_listen, 3, 1, 0), PROCSPAWN__NEED_PORT, PROCSPAWN_SANDBOX_NETWORK);
    check(find(SYS_mprotect, 0, 4096, PROT_EXEC), PROCSPAWN__NEED_CODE, PROCSPAWN_SANDBOX_COMPUTE);
    check(find(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                          CLONE_SYSVSEM, 0, 0),
          PROCSPAWN__NEED_THREADS, PROCSPAWN_SANDBOX_COMPUTE);
    PROCSPAWN_CUNIT_EQUAL(find(SYS_clone, 17, 0, 0).reason, PROCSPAWN__REFUSED_PROCESS);
    PROCSPAWN_CUNIT_EQUAL(find(SYS_execve, 0, 0, 0).reason, PROCSPAWN__REFUSED_PROCESS);
    check(find(SYS_symlinkat, 0, 0, 0), PROCSPAWN__NEED_REFUSED, PROCSPAWN_SANDBOX_NONE);
    check(find(SYS_mount, 0, 0, 0), PROCSPAWN__NEED_REFUSED, PROCSPAWN_SANDBOX_NONE);
}

static void what_is_done_without_is_answered(void)
{
    const uint64_t unnamed[SANDBOX_ARGUMENTS] = { 0, 0, O_TMPFILE | O_RDWR };
    const uint64_t dumpable[SANDBOX_ARGUMENTS] = { PR_SET_DUMPABLE };
    struct procspawn__need need;

    PROCSPAWN_CUNIT_EQUAL(procspawn__need_find(SYS_openat, unnamed, OWN, &need), EOPNOTSUPP);
    PROCSPAWN_CUNIT_EQUAL(procspawn__need_find(SYS_clone3, unnamed, OWN, &need), ENOSYS);
    PROCSPAWN_CUNIT_EQUAL(procspawn__need_find(SYS_prctl, dumpable, OWN, &need), EINVAL);
    PROCSPAWN_CUNIT_EQUAL(need.kind, PROCSPAWN__NEED_NOTHING);
}

/* ---- paths ---- */

/* What opening needs: its kind, its rights, and so much of the path. */
static void check_open(int flags, bool there, const char *path, enum procspawn__need_kind kind,
                       uint32_t rights, size_t length)
{
    const uint64_t argument[SANDBOX_ARGUMENTS] = { 0, 0, (uint64_t)flags };
    struct procspawn__need need = find(SYS_openat, 0, 0, (uint64_t)flags);
    struct procspawn__path_use uses[PROCSPAWN__PATH_USES];
    size_t let_in = 0;

    PROCSPAWN_CUNIT_EQUAL(procspawn__need_paths(SYS_openat, uses), 1);
    procspawn__need_path(&uses[0], argument, path, there, &need, &let_in);
    PROCSPAWN_CUNIT_EQUAL(need.kind, kind);
    PROCSPAWN_CUNIT_EQUAL(need.rights, rights);
    if (kind == PROCSPAWN__NEED_PATH)
        PROCSPAWN_CUNIT_EQUAL(let_in, length);
}

static void flags_tell_the_rights(void)
{
    enum { READ = PROCSPAWN_PATH_READ, WRITE = PROCSPAWN_PATH_WRITE };

    check_open(O_RDONLY, true, "/a/b", PROCSPAWN__NEED_PATH, READ, 4);
    check_open(O_WRONLY | O_CREAT, true, "/a/b", PROCSPAWN__NEED_PATH, WRITE, 4);
    check_open(O_RDWR, true, "/a/b", PROCSPAWN__NEED_PATH, READ | WRITE, 4);
    check_open(O_RDONLY | O_TRUNC, true, "/a/b", PROCSPAWN__NEED_PATH, READ | WRITE, 4);
    check_open(O_WRONLY | O_CREAT, false, "/a/b", PROCSPAWN__NEED_PATH,
               WRITE | PROCSPAWN_PATH_CREATE, 2);
    check_open(O_WRONLY | O_CREAT, false, "/b", PROCSPAWN__NEED_REFUSED, 0, 0);
    check_open(O_RDONLY, false, "/a/b", PROCSPAWN__NEED_PROFILE, 0, 0);
    check_open(O_PATH, true, "/a/b", PROCSPAWN__NEED_PROFILE, 0, 0);
    check_open(O_RDONLY, true, "/proc/1/maps", PROCSPAWN__NEED_REFUSED, 0, 0);
    check_open(O_RDONLY, true, "/dev", PROCSPAWN__NEED_REFUSED, 0, 0);
    check_open(O_RDONLY, true, "/", PROCSPAWN__NEED_REFUSED, 0, 0);
    check_open(O_RDONLY, true, "/device", PROCSPAWN__NEED_PATH, READ, 7);
}

static void check_joined(const char *directory, const char *path, const char *wanted)
{
    char joined[32] = "";

    CU_ASSERT(procspawn__path_join(directory, path, joined, sizeof joined));
    CU_ASSERT_STRING_EQUAL(joined, wanted);
}

static void paths_are_joined_as_text(void)
{
    char joined[8];

    check_joined("/a", "b", "/a/b");
    check_joined("/a/", "./b//c/.", "/a/b/c");
    check_joined("/a", "/b/../c", "/b/../c");
    check_joined("/", "", "/");
    check_joined("nowhere", "/x", "/x");
    CU_ASSERT(!procspawn__path_join("nowhere", "x", joined, sizeof joined));
    CU_ASSERT(!procspawn__path_join("/a", "much too long", joined, sizeof joined));
    CU_ASSERT(sandbox__path_lies_in("/a/b", 4, "/a") && sandbox__path_lies_in("/a", 2, "/a"));
    CU_ASSERT(sandbox__path_lies_in("/a", 2, "/") && !sandbox__path_lies_in("/ab", 3, "/a"));
}

/* ---- addresses ---- */

static void addresses_tell_the_port(void)
{
    struct sockaddr_in6 there = { .sin6_family = AF_INET6, .sin6_port = htons(443) };
    const struct sockaddr local = { .sa_family = AF_UNIX, .sa_data = "/run/x" };
    struct procspawn__need need = find(SYS_connect, 0, 0, 0);

    procspawn__need_address(SYS_connect, &there, sizeof there, &need);
    check(need, PROCSPAWN__NEED_PORT, PROCSPAWN_SANDBOX_NETWORK);
    PROCSPAWN_CUNIT_EQUAL(need.port, 443);
    PROCSPAWN_CUNIT_EQUAL(need.listens, 0);
    need = find(SYS_bind, 0, 0, 0);
    procspawn__need_address(SYS_bind, &there, sizeof there, &need);
    PROCSPAWN_CUNIT_EQUAL(need.listens, 1);
    there.sin6_port = 0;
    procspawn__need_address(SYS_bind, &there, sizeof there, &need);
    PROCSPAWN_CUNIT_EQUAL(need.reason, PROCSPAWN__REFUSED_PORT);
    procspawn__need_address(SYS_connect, &local, sizeof local, &need);
    check(need, PROCSPAWN__NEED_REFUSED, PROCSPAWN_SANDBOX_NONE);
    procspawn__need_address(SYS_connect, &there, 1, &need);
    check(need, PROCSPAWN__NEED_REFUSED, PROCSPAWN_SANDBOX_NONE);
    procspawn__need_address(SYS_connect, NULL, 0, &need);
    PROCSPAWN_CUNIT_EQUAL(need.reason, PROCSPAWN__REFUSED_UNREAD);
}

/* ---- what another process has written ---- */

static void what_is_no_need_is_left_out(void)
{
    const struct procspawn__sandbox sandbox = { .profile = PROCSPAWN_SANDBOX_COMPUTE };
    struct procspawn__learned *learned = calloc(1, sizeof *learned);
    procspawn_needs *needs = NULL;

    CU_ASSERT_FATAL(learned != NULL);
    memset(learned, 0xff, sizeof *learned);
    PROCSPAWN_CUNIT_EQUAL(procspawn__needs_new(learned, &sandbox, &needs), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 0);
    CU_ASSERT(procspawn_needs_truncated(needs));
    procspawn_needs_free(needs);
    memset(learned, 'x', sizeof *learned);
    learned->count = 3;
    for (int i = 0; i < 3; i++)
        learned->calls[i].need = (struct procspawn__need){ .kind = PROCSPAWN__NEED_PATH, .rights = 1,
                                                           .profile = PROCSPAWN_SANDBOX_FILES };
    learned->calls[0].let_in = sizeof learned->calls[0].path;
    learned->calls[1].let_in = 1;
    learned->calls[2].let_in = 1;
    learned->calls[2].need.profile = 77;
    PROCSPAWN_CUNIT_EQUAL(procspawn__needs_new(learned, &sandbox, &needs), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 1);
    CU_ASSERT(procspawn_needs_at(needs, 0)->syscall == NULL);
    PROCSPAWN_CUNIT_EQUAL(strlen(procspawn_needs_at(needs, 0)->path), PROCSPAWN__LEARNED_PATH - 1);
    procspawn_needs_free(needs);
    free(learned);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(numbers_tell_the_profile_and_the_exception),
    TEST(what_is_done_without_is_answered),
    TEST(flags_tell_the_rights),
    TEST(paths_are_joined_as_text),
    TEST(addresses_tell_the_port),
    TEST(what_is_no_need_is_left_out),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "needs", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
