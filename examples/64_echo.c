/*
 * 64_echo.c - a server of lines: a task for each connection. usage: 64_echo [PORT]
 *
 * Shows a whole server: an idle limit for each connection, a bound on their number, failures told
 * with the name of the connection, and an end by SIGINT or SIGTERM at which each connection is
 * asked first and has two seconds to say good-bye. Without a port it takes any, and a client of its
 * own talks to it and sends SIGTERM at last; what that client gets is printed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <forkscope.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const int64_t idle = 3 * FORKSCOPE_S, whole = 30 * FORKSCOPE_S;

struct server {
    struct sockaddr_in address;
    int listener;
    bool talks_to_itself;
};

/* A connection's descriptor is its task's argument. `done` closes it, in any case. */
static int fd_of(void *arg)
{
    return (int)(intptr_t)arg;
}

static void hang_up(void *arg)
{
    close(fd_of(arg));
}

static int send_all(int fd, const char *line, size_t length)
{
    int64_t until = forkscope_after(idle);

    while (length > 0) {
        int rc = scoped_wait_fd_until(fd, POLLOUT, until);
        if (rc < 0)
            return rc;
        ssize_t sent = send(fd, line, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        if (sent > 0) {
            line += sent;
            length -= (size_t)sent;
        }
    }
    return 0;
}

/* Sends back the lines that are whole, and keeps the rest at the beginning of the buffer. */
static int echo_lines(int fd, char *buffer, size_t *length)
{
    char *newline;

    while ((newline = memchr(buffer, '\n', *length))) {
        size_t line = (size_t)(newline - buffer) + 1;
        int rc = send_all(fd, buffer, line);
        if (rc < 0)
            return rc;
        *length -= line;
        memmove(buffer, newline + 1, *length);
    }
    return 0;
}

static int converse(void *arg)
{
    static const char farewell[] = "the server is going down\n";
    int64_t end = forkscope_after(whole);
    char buffer[4096];
    size_t length = 0;
    int fd = fd_of(arg);

    while (length < sizeof buffer) {
        int64_t until = forkscope_after(idle);
        int rc = scoped_wait_fd_until(fd, POLLIN, until < end ? until : end);
        if (rc == -ECANCELED)               /* asked to end, and there is the grace to say so */
            send(fd, farewell, strlen(farewell), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (rc < 0)
            return scoped_fail(rc, "gave up waiting for a line");
        ssize_t got = recv(fd, buffer + length, sizeof buffer - length, MSG_DONTWAIT);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return scoped_fail(-errno, "recv failed");
        length += got < 0 ? 0 : (size_t)got;
        if ((rc = echo_lines(fd, buffer, &length)) < 0)
            return scoped_fail(rc, "a line cannot be sent");
    }
    return scoped_fail(-EMSGSIZE, "a line is longer than %zu bytes", sizeof buffer);
}

/* The client that the server has when it is run without a port. */

static int ask(int fd, const char *question)
{
    char answer[64] = "";
    size_t length = 0;

    if (send_all(fd, question, strlen(question)) < 0)
        return -EIO;
    while (length < sizeof answer - 1 && !strchr(answer, '\n')) {
        ssize_t got = recv(fd, answer + length, sizeof answer - 1 - length, 0);
        if (got <= 0)
            return -EIO;
        length += (size_t)got;
    }
    printf("client: %s", answer);
    return 0;
}

static int be_a_client(void *arg)
{
    const struct server *server = arg;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    int rc = connect(fd, (const struct sockaddr *)&server->address, sizeof server->address);
    if (rc == 0 && (rc = ask(fd, "hello\n")) == 0) {
        kill(getpid(), SIGTERM);
        rc = ask(fd, "");
    }
    close(fd);
    return rc;
}

static int serve(scoped_spawner scope, void *arg)
{
    struct server *server = arg;
    int rc = 0;

    if (server->talks_to_itself)
        rc = scoped_spawn_leaf(scope, be_a_client, server, NULL);
    for (unsigned number = 1; rc == 0; number++) {
        char name[16];
        struct scoped_task_options options = { .name = name, .done = hang_up };

        if ((rc = scoped_wait_fd_until(server->listener, POLLIN, SCOPED_FOREVER)) < 0)
            break;
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        snprintf(name, sizeof name, "client-%u", number);
        if (scoped_start_leaf(scope, &options, converse, (void *)(intptr_t)fd, NULL) < 0)
            close(fd);
    }
    return rc;
}

static void report(const struct scoped_failure *failure, void *arg)
{
    (void)arg;
    fprintf(stderr, "%s: %s: %s\n", failure->path, failure->message,
            forkscope_strerror(failure->status));
}

static int open_server(struct server *server, int port)
{
    socklen_t size = sizeof server->address;
    int one = 1;

    server->address = (struct sockaddr_in){ .sin_family = AF_INET,
                                            .sin_port = htons((uint16_t)port),
                                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listener < 0)
        return -errno;
    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server->listener, (struct sockaddr *)&server->address, size) < 0 ||
        listen(server->listener, 64) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&server->address, &size) < 0)
        return -errno;
    return 0;
}

int main(int argc, char **argv)
{
    struct server server = { .talks_to_itself = argc < 2 };
    struct scoped_options options = {
        .name = "clients",
        .cancel = SCOPED_CANCEL_ASKS,
        .grace = 2 * FORKSCOPE_S,
        .max_tasks = 100,
        .discard = true,
        .signals = (const int[]){ SIGINT, SIGTERM, 0 },
        .on_failure = report,
    };
    struct scoped_outcome outcome = { .signal = 0 };

    int rc = open_server(&server, argc < 2 ? 0 : atoi(argv[1]));
    if (rc < 0)
        return fprintf(stderr, "64_echo: %s\n", forkscope_strerror(rc)), 1;
    rc = scoped_run(&options, serve, &server, &outcome);
    printf("ended: %s, %s\n", forkscope_strerror(rc),
           outcome.signal == SIGTERM ? "by SIGTERM" : "by another cause");
    bool told = outcome.signal != 0;
    scoped_outcome_fini(&outcome);
    close(server.listener);
    return told ? 0 : 1;
}
