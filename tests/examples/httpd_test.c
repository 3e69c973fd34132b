/*
 * httpd_test.c - the HTTP server among the examples, as its clients see it
 */
#include "tests/support/jail.h"
#include "tests/support/subprocess.h"

#include <arpa/inet.h>
#include <errno.h>
#include <forkscope/cunit.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct program server;
static int port;

static void start(const char *limit, const char *grace)
{
    char *const argv[] = { (char *)(uintptr_t)"examples/httpd/httpd", (char *)(uintptr_t)"-d",
                           (char *)(uintptr_t)limit, (char *)(uintptr_t)"-g",
                           (char *)(uintptr_t)grace, NULL };

    CU_ASSERT_FATAL(program_start(&server, argv, -1));
    CU_ASSERT_FATAL(program_read_until(&server, "\n"));
    CU_ASSERT_FATAL(sscanf(server.out, "listening on 127.0.0.1:%d", &port) == 1);
}

static void stop(void)
{
    kill(server.pid, SIGTERM);
    PROCSPAWN_CUNIT_EQUAL(program_end(&server), 0);
    free(server.out);
}

static int dial(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void say(int fd, const char *text)
{
    CU_ASSERT(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

/*
 * One response, byte by byte so that nothing of the next one is taken: its status, 0 at the end of
 * file.
 */
static int hear(int fd, char *body, size_t size)
{
    char head[1024] = "";
    size_t length = 0, in_head = 0;
    int status = 0;

    while (!strstr(head, "\r\n\r\n") && in_head < sizeof head - 1) {
        if (recv(fd, head + in_head, 1, 0) != 1)
            return 0;
        head[++in_head] = '\0';
    }
    sscanf(head, "HTTP/1.1 %d", &status);
    sscanf(strstr(head, "Content-Length:"), "Content-Length: %zu", &length);
    CU_ASSERT_FATAL(length < size);
    CU_ASSERT(recv(fd, body, length, MSG_WAITALL) == (ssize_t)length);
    body[length] = '\0';
    return status;
}

static int get(const char *target, char *body, size_t size)
{
    char request[256];
    int fd = dial();

    CU_ASSERT_FATAL(fd >= 0);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
             target);
    say(fd, request);
    int status = hear(fd, body, size);
    close(fd);
    return status;
}

static void check(const char *target, int status, const char *part)
{
    char body[4096] = "";

    PROCSPAWN_CUNIT_EQUAL(get(target, body, sizeof body), status);
    CU_ASSERT(strstr(body, part) != NULL);
}

static void a_request_is_handled(void)
{
    start("2000", "2000");
    check("/hello", 200, "world");
    check("/hello?you", 200, "you");
    check("/nowhere", 404, "no such path");
    stop();
}

static void a_crash_costs_its_request_a_500_with_the_cause(void)
{
    start("5000", "2000");
    for (int i = 0; i < 10; i++) {
        check("/crash", 500, "null pointer");
        check("/hello", 200, "world");
    }
    check("/exit?3", 500, "called exit(3)");
    check("/fail?this", 500, "no luck with this");
    stop();
}

static void what_the_sandbox_denies_costs_its_request_a_500_with_the_system_call(void)
{
    start("5000", "2000");
    check("/open?/etc/passwd", 500, "sandbox violation: openat(AT_FDCWD, \\\"/etc/passwd\\\"");
    check("/hello", 200, "world");
    stop();
}

/* The jail holds for this process and the server. */
static void without_sandboxes_it_serves_only_when_asked_to(void)
{
    char *const argv[] = { (char *)(uintptr_t)"examples/httpd/httpd", NULL };
    char *const unconfined[] = { argv[0], (char *)(uintptr_t)"-u", NULL };

    jail_enter(&(struct jail_rule){ .number = SYS_seccomp }, ENOSYS);
    CU_ASSERT_FATAL(program_start(&server, argv, -1));
    CU_ASSERT(!program_read_until(&server, "\n"));
    CU_ASSERT(program_error_length(&server) > 0);
    PROCSPAWN_CUNIT_EQUAL(program_end(&server), 1);
    free(server.out);
    CU_ASSERT_FATAL(program_start(&server, unconfined, -1));
    CU_ASSERT_FATAL(program_read_until(&server, "\n"));
    CU_ASSERT_FATAL(sscanf(server.out, "listening on 127.0.0.1:%d", &port) == 1);
    check("/open?/etc/passwd", 200, "true");
    stop();
}

static void a_hang_costs_its_request_a_504(void)
{
    start("200", "2000");
    check("/hang", 504, "time_limit");
    check("/hello", 200, "world");
    stop();
}

static void many_requests_go_over_one_connection(void)
{
    char body[4096] = "";

    start("5000", "2000");
    int fd = dial();
    say(fd, "GET /hello?first HTTP/1.1\r\n\r\nPOST /sum HTTP/1.1\r\nContent-Length: 7\r\n\r\n[1,");
    PROCSPAWN_CUNIT_EQUAL(hear(fd, body, sizeof body), 200);
    CU_ASSERT(strstr(body, "first") != NULL);
    say(fd, "2,3]GET /crash HTTP/1.1\r\n\r\n");
    PROCSPAWN_CUNIT_EQUAL(hear(fd, body, sizeof body), 200);
    CU_ASSERT(strstr(body, "6") != NULL);
    PROCSPAWN_CUNIT_EQUAL(hear(fd, body, sizeof body), 500);
    say(fd, "GET /hello HTTP/1.0\r\n\r\n");
    PROCSPAWN_CUNIT_EQUAL(hear(fd, body, sizeof body), 200);
    PROCSPAWN_CUNIT_EQUAL(hear(fd, body, sizeof body), 0);
    close(fd);
    stop();
}

static void check_refused(const char *request, int status)
{
    char body[4096] = "";
    int fd = dial();

    say(fd, request);
    PROCSPAWN_CUNIT_EQUAL(hear(fd, body, sizeof body), status);
    PROCSPAWN_CUNIT_EQUAL(hear(fd, body, sizeof body), 0);
    close(fd);
}

static void what_is_no_request_is_refused(void)
{
    start("5000", "2000");
    check_refused("nonsense\r\n\r\n", 400);
    check_refused("GET / SPDY/3\r\n\r\n", 400);
    check_refused("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400);
    check_refused("POST /sum HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400);
    check_refused("POST /sum HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", 413);
    check_refused("POST /sum HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501);
    check("/hello", 200, "world");
    stop();
}

static bool refuses_clients(void)
{
    int fd = dial();

    if (fd < 0)
        return true;
    close(fd);
    return false;
}

static void at_the_end_requests_that_have_begun_are_answered(void)
{
    char body[4096] = "";

    start("10000", "10000");
    int idle = dial(), busy = dial();
    say(busy, "GET /sleep?500 HTTP/1.1\r\n\r\n");
    check("/hello", 200, "world");
    kill(server.pid, SIGTERM);
    PROCSPAWN_CUNIT_EQUAL(hear(idle, body, sizeof body), 0);
    while (!refuses_clients())
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL(hear(busy, body, sizeof body), 200);
    PROCSPAWN_CUNIT_EQUAL(hear(busy, body, sizeof body), 0);
    close(busy);
    close(idle);
    stop();
}

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void at_the_end_of_the_grace_the_rest_is_cut_short(void)
{
    char body[4096] = "";

    start("60000", "300");
    int busy = dial();
    say(busy, "GET /hang HTTP/1.1\r\n\r\n");
    check("/hello", 200, "world");
    int64_t begin = milliseconds();
    kill(server.pid, SIGTERM);
    PROCSPAWN_CUNIT_EQUAL(hear(busy, body, sizeof body), 503);
    stop();
    int64_t took = milliseconds() - begin;
    CU_ASSERT(took >= 300);
    CU_ASSERT(took < 10000);
    close(busy);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_request_is_handled),
    TEST(a_crash_costs_its_request_a_500_with_the_cause),
    TEST(what_the_sandbox_denies_costs_its_request_a_500_with_the_system_call),
    TEST(without_sandboxes_it_serves_only_when_asked_to),
    TEST(a_hang_costs_its_request_a_504),
    TEST(many_requests_go_over_one_connection),
    TEST(what_is_no_request_is_refused),
    TEST(at_the_end_requests_that_have_begun_are_answered),
    TEST(at_the_end_of_the_grace_the_rest_is_cut_short),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "httpd", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
