/*
 * httpd - an HTTP/1.1 server whose requests run user code
 *
 * Shows how threads and processes share one tree: each connection is a task, each request's handler
 * a process with a time limit, in a sandbox. If a handler crashes, or does what its sandbox denies,
 * its client gets a 500 that tells the cause; if it hangs, a 504. Other clients are not affected.
 * SIGTERM lets what was begun end in its grace, and ends the rest.
 *
 *     httpd [-p PORT] [-d MILLISECONDS] [-g MILLISECONDS] [-c CONNECTIONS] [-u]
 *
 * serves on the loopback address and prints where; -d limits a request, -g is the grace. Where the
 * kernel has no sandboxes it serves with -u only, which does without.
 */
#include "examples/httpd/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

static const int64_t ms = 1000000;

struct options {
    in_port_t port;
    int64_t limit, grace;
    unsigned connections;
    enum procspawn_sandbox sandbox;
};

static bool read_options(int argc, char **argv, struct options *ret_options)
{
    int option;

    *ret_options = (struct options){ .limit = 1000 * ms, .grace = 2000 * ms, .connections = 256,
                                     .sandbox = PROCSPAWN_SANDBOX_COMPUTE };
    while ((option = getopt(argc, argv, "p:d:g:c:u")) != -1) {
        if (option == 'p')
            ret_options->port = (in_port_t)atoi(optarg);
        else if (option == 'd')
            ret_options->limit = atoi(optarg) * ms;
        else if (option == 'g')
            ret_options->grace = atoi(optarg) * ms;
        else if (option == 'c')
            ret_options->connections = (unsigned)atoi(optarg);
        else if (option == 'u')
            ret_options->sandbox = PROCSPAWN_SANDBOX_NONE;
        else
            return false;
    }
    return optind == argc;
}

/* Prints the address: the port may be the system's choice. */
static int listen_on(in_port_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static int open_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void accept_one(scoped_spawner connections, const struct service *service, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0 && connection_spawn(connections, service, fd) < 0)
        close(fd);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        poll(NULL, 0, 10);
}

/* Until a signal comes. Who connects while all places are taken waits in the kernel's queue. */
static void serve(scoped_spawner connections, const struct service *service, int listener,
                  int signals)
{
    struct pollfd fds[] = { { .fd = signals, .events = POLLIN }, { .events = POLLIN } };

    while (!fds[0].revents) {
        bool room = scoped_scope_wait_room_until(connections, forkscope_after(0)) == 0;
        fds[1].fd = room ? listener : -1;
        if (poll(fds, 2, room ? -1 : 10) > 0 && fds[1].fd >= 0 && fds[1].revents)
            accept_one(connections, service, listener);
    }
}

/*
 * The end in order: no more clients, no more requests, a grace for those begun, and then the rest.
 */
static void drain(scoped_spawner root, scoped_spawner connections, const struct service *service,
                  int64_t grace)
{
    eventfd_write(service->drain_fd, 1);
    if (scoped_close(connections, forkscope_after(grace), NULL) == SCOPED_ERUNNING)
        fprintf(stderr, "requests are cut short\n");
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
}

static int run(const struct options *options)
{
    const struct scoped_options scope_options = {
        .name = "connections", .max_tasks = options->connections, .cancel = SCOPED_CANCEL_ASKS,
        .discard = true,
    };
    const struct service service = { options->limit, options->sandbox,
                                     eventfd(0, EFD_CLOEXEC) };
    scoped_spawner root, connections;
    int signals = open_signals(), listener = listen_on(options->port);

    if (listener < 0 || signals < 0 || service.drain_fd < 0 ||
        scoped_spawner_open(NULL, &root) < 0 ||
        scoped_scope_open(root, &scope_options, &connections) < 0) {
        fprintf(stderr, "cannot serve: %s\n", strerror(errno));
        return 1;
    }
    serve(connections, &service, listener, signals);
    close(listener);
    drain(root, connections, &service, options->grace);
    close(service.drain_fd);
    close(signals);
    return 0;
}

int main(int argc, char **argv)
{
    struct options options;
    int rc = procspawn_init(argc, argv);

    if (rc < 0) {
        fprintf(stderr, "no fork server: %s\n", forkscope_strerror(rc));
        return 1;
    }
    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: %s [-p PORT] [-d MS] [-g MS] [-c CONNECTIONS] [-u]\n", argv[0]);
        procspawn_fini();
        return 2;
    }
    const char *missing = procspawn_sandbox_missing(options.sandbox);
    if (missing)
        fprintf(stderr, "handlers cannot be sandboxed: %s; -u serves without\n", missing);
    rc = missing ? 1 : run(&options);
    procspawn_fini();
    return rc;
}
