/*
 * requests.h - what the host and children ask of a server
 */
#ifndef FORKSCOPE_FORKSERVER_REQUESTS_H
#define FORKSCOPE_FORKSERVER_REQUESTS_H

struct client;
struct server;

int forkserver__client_open(struct server *s, struct client *client);
void forkserver__client_readable(struct server *s, struct client *client);
void forkserver__client_close(struct server *s, struct client *client);
/* Closes the link; the client can no longer use it. */
void forkserver__client_free(struct server *s, struct client *client);

#endif
