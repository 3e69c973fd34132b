/*
 * lingering_sockets.h - sockets whose last close(2) takes long
 */
#ifndef FORKSCOPE_SUPPORT_LINGERING_SOCKETS_H
#define FORKSCOPE_SUPPORT_LINGERING_SOCKETS_H

/* A local TCP connection over which nothing more is read. */
struct linger_pair {
    int socket;                 /* has unsent data and SO_LINGER: its last close takes minutes */
    int peer;                   /* closing this ends the wait */
};

struct linger_pair linger_open(void);
/* Returns a socket with `socket` (taken) in its queue, which is closed with it. */
int linger_pack(int socket);

#endif
