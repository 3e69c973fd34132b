/*
 * connection.h - one client, as a task
 */
#ifndef HTTPD_CONNECTION_H
#define HTTPD_CONNECTION_H

#include <forkscope.h>

/* What all connections share; it outlives them. */
struct service {
    int64_t limit;              /* of a request, in nanoseconds */
    enum procspawn_sandbox sandbox; /* of the handlers */
    int drain_fd;               /* readable when no more requests are to be taken */
};

/* Serves a client until it leaves; fd is taken if the return value is 0. */
int connection_spawn(scoped_spawner spawner, const struct service *service, int fd);

#endif
