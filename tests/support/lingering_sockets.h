/*
 * linger.h - sockets whose last close(2) takes long
 */
#ifndef TESTS_LINGER_H
#define TESTS_LINGER_H

/* A connection of this machine with itself, over which nothing more is read. */
struct linger_pair {
    int socket;                 /* unsent data and SO_LINGER: its last close takes minutes */
    int peer;                   /* closing it ends that */
};

struct linger_pair linger_open(void);
/* A socket that has another one in its queue, which is closed with it. Takes that one. */
int linger_pack(int socket);

#endif
