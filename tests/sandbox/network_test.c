/*
 * network_test.c - profile NETWORK: TCP to and from the ports that are let in
 */
#include "tests/support/sandbox_helpers.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A listening socket of the test's, and a free port. Known to the children, made before init. */
static int listening = -1;
static unsigned open_port, free_port;

static int open_socket(unsigned *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0);
    CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void open_ports(void)
{
    int spare = open_socket(&free_port);

    listening = open_socket(&open_port);
    PROCSPAWN_CUNIT_EQUAL(listen(listening, 16), 0);
    close(spare);
}

static void network_begin(void)
{
    open_ports();
    sandbox_begin();
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_NETWORK);
}

static void network_begin_as_somebody(void)
{
    open_ports();
    sandbox_begin_as_somebody();
    procspawn_builder_sandbox(sandbox_builder, PROCSPAWN_SANDBOX_NETWORK);
}

static void network_end(void)
{
    sandbox_end();
    close(listening);
}

static int tcp(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static json_t *use(int (*how)(int, const struct sockaddr *, socklen_t), unsigned port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = tcp();

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int error = how(fd, (const struct sockaddr *)&address, sizeof address) < 0 ? errno : 0;
    close(fd);
    return json_integer(error);
}

static int call_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    return connect(fd, address, size);
}

#define FUNCTION(name, result) \
    static json_t *name(json_t *unused) \
    { \
        (void)unused; \
        return result; \
    }

static json_t *sends_with_the_first_packet(json_t *unused)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)open_port) };

    (void)unused;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return json_integer(sendto(tcp(), "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address,
                               sizeof address));
}

FUNCTION(connects, use(call_connect, open_port))
FUNCTION(binds, use(bind, free_port))
FUNCTION(listens_anywhere, json_integer(listen(tcp(), 1) < 0 ? errno : 0))
FUNCTION(makes_udp, json_integer(socket(AF_INET, SOCK_DGRAM, 0)))
FUNCTION(makes_raw, json_integer(socket(AF_INET, SOCK_RAW, IPPROTO_TCP)))
FUNCTION(makes_sctp, json_integer(socket(AF_INET, SOCK_STREAM, 132)))
FUNCTION(makes_mptcp, json_integer(socket(AF_INET, SOCK_STREAM, 262)))
FUNCTION(makes_unix, json_integer(socket(AF_UNIX, SOCK_STREAM, 0)))
FUNCTION(makes_netlink, json_integer(socket(AF_NETLINK, SOCK_RAW, 0)))

static void no_port_is_let_in_unless_it_is_said(void)
{
    sandbox_check_integer(connects, EACCES);
    sandbox_check_violation(binds, "bind", NULL);
    sandbox_check_violation(listens_anywhere, "listen", NULL);
}

static void a_port_can_be_let_in_to_connect_to(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_port(sandbox_builder, open_port, false), 0);
    sandbox_check_integer(connects, 0);
    sandbox_check_violation(binds, "bind", NULL);
}

static void another_port_is_not_let_in(void)
{
    procspawn_builder_port(sandbox_builder, free_port, false);
    sandbox_check_integer(connects, EACCES);
}

static void a_port_can_be_let_in_to_listen_on(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_port(sandbox_builder, free_port, true), 0);
    sandbox_check_integer(binds, 0);
    sandbox_check_integer(connects, EACCES);
}

static void a_connection_by_the_first_packet_is_a_violation(void)
{
    sandbox_check_violation(sends_with_the_first_packet, "sendto", NULL);
}

static void other_sockets_are_violations(void)
{
    sandbox_check_violation(makes_udp, "socket",
                            "sandbox violation: socket(AF_INET, SOCK_DGRAM, 0)");
    sandbox_check_violation(makes_raw, "socket", NULL);
    sandbox_check_violation(makes_sctp, "socket", NULL);
    sandbox_check_violation(makes_mptcp, "socket", NULL);
    sandbox_check_violation(makes_unix, "socket", NULL);
    sandbox_check_violation(makes_netlink, "socket", NULL);
}

static void numbers_that_are_no_ports_are_refused(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_port(sandbox_builder, 0, false), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_port(sandbox_builder, 65536, false), -EINVAL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(no_port_is_let_in_unless_it_is_said),
    TEST(a_port_can_be_let_in_to_connect_to),
    TEST(another_port_is_not_let_in),
    TEST(a_port_can_be_let_in_to_listen_on),
    TEST(a_connection_by_the_first_packet_is_a_violation),
    TEST(other_sockets_are_violations),
    TEST(numbers_that_are_no_ports_are_refused),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "network", .pSetUpFunc = network_begin, .pTearDownFunc = network_end,
      .pTests = tests },
    { .pName = "network of another user", .pSetUpFunc = network_begin_as_somebody,
      .pTearDownFunc = network_end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
