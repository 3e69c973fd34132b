/*
 * learn_test.c - what a function needs is listed, each need once, with what lets it in
 */
#include "tests/support/learn_helpers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Returns the number of a step that went wrong. */
#define STEP(number, condition) \
    do { \
        if (!(condition)) \
            return json_integer(number); \
    } while (0)

/* ---- files ---- */

static json_t *reads_twice(json_t *unused)
{
    (void)unused;
    STEP(1, open("/etc/passwd", O_RDONLY) >= 0);
    STEP(2, open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
    STEP(3, open("/etc/group", O_RDONLY) >= 0);
    STEP(4, open("/no/such/file", O_RDONLY) < 0 && errno == ENOENT);
    return json_integer(0);
}

static void each_need_is_listed_once_with_its_line(void)
{
    procspawn_needs *needs = learn(reads_twice, NULL);
    const struct procspawn_need *need = learn_find_path(needs, "/etc/passwd");

    learn_check_line(need,
                     "procspawn_builder_path(builder, \"/etc/passwd\", PROCSPAWN_PATH_READ);");
    PROCSPAWN_CUNIT_EQUAL(need->count, 2);
    PROCSPAWN_CUNIT_EQUAL(need->profile, PROCSPAWN_SANDBOX_FILES);
    CU_ASSERT_STRING_EQUAL(need->text, "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY)");
    learn_check_line(learn_find_path(needs, "/no/such/file"),
                     "procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_FILES);");
    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 3);
    CU_ASSERT(procspawn_needs_at(needs, 3) == NULL);
    CU_ASSERT(!procspawn_needs_truncated(needs));
    learn_check_code(needs, "procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_FILES);\n"
                            "procspawn_builder_path(builder, \"/etc/passwd\", "
                            "PROCSPAWN_PATH_READ);\n"
                            "procspawn_builder_path(builder, \"/etc/group\", "
                            "PROCSPAWN_PATH_READ);\n");
    procspawn_needs_free(needs);
}

static json_t *works_in(json_t *directory)
{
    struct stat status;

    STEP(1, chdir(json_string_value(directory)) == 0);
    const int fd = open("made", O_WRONLY | O_CREAT | O_EXCL, 0600);
    STEP(2, fd >= 0 && write(fd, "x", 1) == 1);
    STEP(3, rename("made", "./renamed") == 0);
    STEP(4, stat("renamed", &status) == 0 && status.st_size == 1);
    STEP(5, mkdir("below", 0700) == 0 && rmdir("below") == 0);
    STEP(6, truncate("renamed", 0) == 0);
    STEP(7, open("renamed", O_RDWR) >= 0);
    STEP(8, unlink("renamed") == 0);
    return json_integer(0);
}

static char *make_directory(void)
{
    static char directory[32];

    strcpy(directory, "/tmp/learned.XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(directory) != NULL);
    return directory;
}

static void lines_are_those_that_the_function_needs(void)
{
    const char *directory = make_directory();
    char code[256];

    procspawn_needs *needs = learn(works_in, json_string(directory));
    snprintf(code, sizeof code, "procspawn_builder_path(builder, \"%s/renamed\", "
             "PROCSPAWN_PATH_READ | PROCSPAWN_PATH_WRITE);", directory);
    CU_ASSERT(strstr(procspawn_needs_code(needs), code) != NULL);
    snprintf(code, sizeof code, "procspawn_builder_path(builder, \"%s\", "
             "PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE);", directory);
    CU_ASSERT(strstr(procspawn_needs_code(needs), code) != NULL);
    procspawn_needs_free(needs);

    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_path(sandbox_builder, directory, PROCSPAWN_PATH_READ |
                           PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE);
    needs = learn(works_in, json_string(directory));
    learn_check_code(needs, "");
    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 0);
    procspawn_needs_free(needs);
    procspawn_builder_denial(sandbox_builder, PROCSPAWN_DENIAL_END);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(sandbox_builder, works_in,
                                                    json_string(directory))), 0);
    PROCSPAWN_CUNIT_EQUAL(rmdir(directory), 0);
}

static json_t *does_what_nothing_lets_in(json_t *directory)
{
    char path[64];

    snprintf(path, sizeof path, "%s/link", json_string_value(directory));
    STEP(1, open("/proc/self/status", O_RDONLY) >= 0);
    STEP(2, open("/dev/null", O_RDWR) >= 0);
    STEP(3, symlink("nowhere", path) == 0 && unlink(path) == 0);
    STEP(4, mkfifo(path, 0600) == 0 && chmod(path, 0644) == 0 && unlink(path) == 0);
    STEP(5, socket(AF_UNIX, SOCK_DGRAM, 0) >= 0);
    STEP(6, fcntl(0, F_SETFL, fcntl(0, F_GETFL)) == 0);
    return json_integer(0);
}

static void what_nothing_lets_in_has_a_reason(void)
{
    const char *directory = make_directory();
    procspawn_needs *needs = learn(does_what_nothing_lets_in, json_string(directory));

    learn_check_reason(learn_find_path(needs, "/proc/self/status"), "/proc, /dev and /sys");
    learn_check_reason(learn_find_path(needs, "/dev/null"), "/proc, /dev and /sys");
    learn_check_reason(learn_find(needs, "socket"), "no exception exists");
    learn_check_reason(learn_find(needs, "fcntl"), "no exception exists");
    for (size_t i = 0; i < procspawn_needs_count(needs); i++) {
        const struct procspawn_need *need = procspawn_needs_at(needs, i);
        CU_ASSERT((need->line == NULL) != (need->reason == NULL));
        if (need->reason)
            PROCSPAWN_CUNIT_EQUAL(need->profile, PROCSPAWN_SANDBOX_NONE);
    }
    procspawn_needs_free(needs);
    PROCSPAWN_CUNIT_EQUAL(rmdir(directory), 0);
}

/* ---- exceptions, ports, processes ---- */

static void *returns(void *argument)
{
    return argument;
}

static json_t *starts_threads_and_maps_code(json_t *unused)
{
    pthread_t thread;

    (void)unused;
    STEP(1, pthread_create(&thread, NULL, returns, NULL) == 0);
    STEP(2, pthread_join(thread, NULL) == 0);
    STEP(3, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
            MAP_FAILED);
    return json_integer(0);
}

static void exceptions_stand_in_one_line(void)
{
    procspawn_needs *needs = learn(starts_threads_and_maps_code, NULL);

    learn_check_code(needs, "procspawn_builder_sandbox_allow(builder, PROCSPAWN_ALLOW_THREADS | "
                            "PROCSPAWN_ALLOW_CODE);\n");
    learn_check_line(learn_find(needs, "mmap"),
                     "procspawn_builder_sandbox_allow(builder, PROCSPAWN_ALLOW_CODE);");
    procspawn_needs_free(needs);
    procspawn_builder_sandbox_allow(sandbox_builder, PROCSPAWN_ALLOW_THREADS);
    needs = learn(starts_threads_and_maps_code, NULL);
    learn_check_line(learn_find(needs, "mmap"),
                     "procspawn_builder_sandbox_allow(builder, PROCSPAWN_ALLOW_THREADS | "
                     "PROCSPAWN_ALLOW_CODE);");
    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 1);
    procspawn_needs_free(needs);
}

static json_t *listens_and_connects(json_t *port)
{
    struct sockaddr_in here = { .sin_family = AF_INET };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    here.sin_port = htons((uint16_t)json_integer_value(port));
    STEP(1, fd >= 0 && peer >= 0);
    STEP(2, bind(fd, (struct sockaddr *)&here, sizeof here) == 0 || errno == EADDRINUSE);
    STEP(3, listen(fd, 1) == 0);
    here.sin_port = htons(9);
    connect(peer, (struct sockaddr *)&here, sizeof here);
    return json_integer(0);
}

static void ports_are_named(void)
{
    procspawn_needs *needs = learn(listens_and_connects, json_integer(28417));

    learn_check_code(needs, "procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_NETWORK);\n"
                            "procspawn_builder_port(builder, 28417, true);\n"
                            "procspawn_builder_port(builder, 9, false);\n");
    procspawn_needs_free(needs);
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_NETWORK);
    procspawn_builder_port(sandbox_builder, 28417, true);
    procspawn_builder_port(sandbox_builder, 9, false);
    needs = learn(listens_and_connects, json_integer(28417));
    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 0);
    procspawn_needs_free(needs);
}

static json_t *starts_a_process(json_t *unused)
{
    int status = -1;
    const pid_t pid = fork();

    (void)unused;
    if (pid == 0) {
        execl("/bin/true", "true", NULL);
        _exit(1);
    }
    STEP(1, pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    return json_integer(0);
}

static void processes_that_it_starts_are_learned_too(void)
{
    procspawn_needs *needs = learn(starts_a_process, NULL);

    learn_check_reason(learn_find(needs, "execve"), "makes no process");
    CU_ASSERT_STRING_EQUAL(learn_find(needs, "execve")->path, "/bin/true");
    learn_check_reason(learn_find(needs, "clone"), "makes no process");
    CU_ASSERT(learn_find_path(needs, "/etc/ld.so.cache") != NULL);
    procspawn_needs_free(needs);
    learn_await_end();
}

/* ---- what is let in already, and what is done without ---- */

static json_t *makes_an_unnamed_file(json_t *unused)
{
    (void)unused;
    STEP(1, open("/tmp", O_TMPFILE | O_RDWR, 0600) < 0 && errno == EOPNOTSUPP);
    FILE *file = tmpfile();
    STEP(2, file != NULL);
    fclose(file);
    return json_integer(0);
}

static void what_is_done_instead_is_learned(void)
{
    procspawn_needs *needs = learn(makes_an_unnamed_file, NULL);

    CU_ASSERT(strstr(procspawn_needs_code(needs), "\"/tmp\", PROCSPAWN_PATH_READ | "
                     "PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE") != NULL);
    procspawn_needs_free(needs);
}

static json_t *looks_at_a_descriptor(json_t *unused)
{
    struct stat status;

    (void)unused;
    STEP(1, fstat(0, &status) == 0);
    STEP(2, fstatat(0, "", &status, AT_EMPTY_PATH) == 0);
    STEP(3, printf("printed\n") > 0 && fflush(stdout) == 0);
    return json_integer(0);
}

static void what_compute_has_is_no_need(void)
{
    procspawn_needs *needs = learn(looks_at_a_descriptor, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_needs_count(needs), 0);
    learn_check_code(needs, "");
    procspawn_needs_free(needs);
}

/* ---- the list ---- */

static json_t *opens_an_odd_name(json_t *unused)
{
    (void)unused;
    STEP(1, open("/etc/\"odd\\\n\x1b", O_RDONLY) < 0);
    return json_integer(access("/etc/passwd", R_OK) == 0 ? 0 : 2);
}

static void the_list_is_json_too(void)
{
    procspawn_needs *needs = learn(opens_an_odd_name, NULL);
    json_t *json = procspawn_needs_json(needs);
    json_t *first = json_array_get(json_object_get(json, "needs"), 0);

    CU_ASSERT_FATAL(json != NULL && first != NULL);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(json, "version")), 1);
    CU_ASSERT(json_is_false(json_object_get(json, "truncated")));
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "code")),
                           "procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_FILES);\n");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "syscall")), "openat");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "path")),
                           "/etc/\\\"odd\\\\\\012\\033");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "profile")), "files");
    CU_ASSERT(json_is_string(json_object_get(first, "line")));
    CU_ASSERT(json_object_get(first, "reason") == NULL);
    CU_ASSERT_STRING_EQUAL(procspawn_needs_at(needs, 0)->path, "/etc/\"odd\\\n\x1b");
    json_decref(json);
    procspawn_needs_free(needs);
    procspawn_needs_free(NULL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(each_need_is_listed_once_with_its_line),
    TEST(lines_are_those_that_the_function_needs),
    TEST(what_nothing_lets_in_has_a_reason),
    TEST(exceptions_stand_in_one_line),
    TEST(ports_are_named),
    TEST(processes_that_it_starts_are_learned_too),
    TEST(what_is_done_instead_is_learned),
    TEST(what_compute_has_is_no_need),
    TEST(the_list_is_json_too),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    LEARN_SUITES("learning", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
