/*
 * requests.h - what host, children and root ask of a server
 */
#ifndef FORKSCOPE_FORKSERVER_REQUESTS_H
#define FORKSCOPE_FORKSERVER_REQUESTS_H

struct asker;
struct server;

/* Handles requests that have arrived, and gives the asker the children that it is owed. */
void forkserver__asker_readable(struct server *s, struct asker *asker);
/* Handles the message of the root that has arrived. */
void forkserver__root_readable(struct server *s);

#endif
