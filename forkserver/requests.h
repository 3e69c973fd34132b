/*
 * requests.h - what host, children and root ask of a server
 */
#ifndef FORKSCOPE_FORKSERVER_REQUESTS_H
#define FORKSCOPE_FORKSERVER_REQUESTS_H

struct client;
struct server;

/* Handles requests that have arrived, and gives the client the children that it is owed. */
void forkserver__client_readable(struct server *s, struct client *client);
/* Handles the message of the root that has arrived. */
void forkserver__root_readable(struct server *s);

#endif
