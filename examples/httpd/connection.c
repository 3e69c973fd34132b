#include "examples/httpd/connection.h"

#include "examples/httpd/handlers.h"
#include "examples/httpd/request.h"
#include "examples/httpd/response.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
    const struct service *service;
    struct reader reader;
};

enum { IDLE_MS = 10000, MEMORY_MAX = 256 << 20 };

/* What goes to the client: a status and a body. */
struct answer {
    int status;
    json_t *body;
};

static struct answer answer_error(int status, const char *text)
{
    return (struct answer){ status, json_pack("{s:s}", "error", text) };
}

/* ---- one request in a process of its own ---- */

/* The client learns what happened and why; the whole report goes to the log of the server. */
static struct answer answer_failure(const procspawn_error *error)
{
    int status = procspawn_error_is_timeout(error) ? 504 : 500;
    json_t *body = json_pack("{s:s, s:s, s:s}", "error", procspawn_error_message(error),
                             "kind", procspawn_error_kind_name(procspawn_error_kind(error)),
                             "cause", procspawn_error_cause_name(procspawn_error_cause(error)));

    if (body && *procspawn_error_reason(error))
        json_object_set_new(body, "reason", json_string(procspawn_error_reason(error)));
    procspawn_error_print(error, stderr);
    return (struct answer){ status, body };
}

static struct answer answer_result(json_t *result)
{
    int status = (int)json_integer_value(json_object_get(result, "status"));
    json_t *body = json_incref(json_object_get(result, "body"));

    json_decref(result);
    return body ? (struct answer){ status, body } : answer_error(500, "the handler gave no body");
}

static struct answer answer_call(procspawn_handle *handle)
{
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = procspawn_join(handle, &result, &error);

    if (rc == 0)
        return answer_result(result);
    if (rc != PROCSPAWN_ECALL)
        return answer_error(503, "the server is ending");
    struct answer answer = answer_failure(error);
    procspawn_error_free(error);
    return answer;
}

static struct answer handle(scoped_spawner self, const struct service *service,
                            const struct request *request)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle;
    json_t *argument = json_pack("{s:s, s:s, s:s, s:s%}", "method", request->method,
                                 "path", request->path, "query", request->query,
                                 "body", request->body, request->body_length);

    if (!argument || !builder) {
        procspawn_builder_free(builder);
        json_decref(argument);
        return answer_error(400, "this is no text");
    }
    procspawn_builder_total_limit(builder, service->limit);
    procspawn_builder_sandbox(builder, service->sandbox);
    procspawn_builder_memory_limit(builder, MEMORY_MAX);
    procspawn_builder_grace(builder, 0);
    procspawn_builder_name(builder, "handler");
    int rc = scoped_procspawn(self, builder, handle_request, argument, &handle);
    procspawn_builder_free(builder);
    json_decref(argument);
    if (rc < 0)
        return answer_error(503, forkscope_strerror(rc));
    struct answer answer = answer_call(handle);
    procspawn_handle_free(handle);
    return answer;
}

/* ---- one connection ---- */

static bool draining(const struct service *service)
{
    struct pollfd drain = { .fd = service->drain_fd, .events = POLLIN };
    return poll(&drain, 1, 0) == 1;
}

/*
 * More bytes; false at the end of file, after a long silence, or between requests when it drains.
 */
static bool read_more(struct connection *connection)
{
    struct reader *reader = &connection->reader;
    struct pollfd fds[] = {
        { .fd = reader->fd, .events = POLLIN },
        { .fd = reader->length == 0 ? connection->service->drain_fd : -1, .events = POLLIN },
    };

    if (poll(fds, 2, IDLE_MS) <= 0 || !fds[0].revents)
        return false;
    ssize_t n = recv(reader->fd, reader->bytes + reader->length, REQUEST_MAX - reader->length, 0);
    reader->length += n > 0 ? (size_t)n : 0;
    return n > 0;
}

static bool serve_request(scoped_spawner self, struct connection *connection,
                          const struct request *request)
{
    struct answer answer = handle(self, connection->service, request);
    bool keep = request->keep_alive && !scoped_cancelled() && !draining(connection->service);

    request_drop(&connection->reader, request);
    return response_send(connection->reader.fd, answer.status, answer.body, keep) && keep;
}

static int serve(scoped_spawner self, void *argument)
{
    struct connection *connection = argument;
    struct request request;
    bool open = true;

    while (open) {
        int rc = request_parse(&connection->reader, &request);
        if (rc < 0) {
            struct answer answer = answer_error(-rc, "this cannot be served");
            response_send(connection->reader.fd, answer.status, answer.body, false);
            return 0;
        }
        open = rc == 0 ? read_more(connection) : serve_request(self, connection, &request);
    }
    return 0;
}

static void leave(void *argument)
{
    struct connection *connection = argument;

    close(connection->reader.fd);
    free(connection);
}

int connection_spawn(scoped_spawner spawner, const struct service *service, int fd)
{
    const struct timeval timeout = { .tv_sec = IDLE_MS / 1000 };
    struct connection *connection = malloc(sizeof *connection);

    if (!connection)
        return -ENOMEM;
    connection->service = service;
    connection->reader.fd = fd;
    connection->reader.length = 0;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    int rc = scoped_spawn(spawner, serve, connection, leave);
    if (rc < 0)
        free(connection);
    return rc;
}
