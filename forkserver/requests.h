/*
 * requests.h - what host, children and root ask of a server
 */
#ifndef FORKSCOPE_FORKSERVER_REQUESTS_H
#define FORKSCOPE_FORKSERVER_REQUESTS_H

struct requester;
struct server;

/* Handles requests that have arrived, and gives the requester the children that it is owed. */
void forkserver__requester_readable(struct server *s, struct requester *requester);
/* Handles the message of the root that has arrived. */
void forkserver__root_readable(struct server *s);

#endif
