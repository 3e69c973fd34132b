/*
 * room.h - a descriptor table with little room
 */
#ifndef TESTS_ROOM_H
#define TESTS_ROOM_H

#include <sys/resource.h>

enum { ROOM_MAX = 300 };

struct room {
    struct rlimit before;
    int count;
    int taken[ROOM_MAX];
};

/* Takes all that this process may have, after lowering its limit. */
void room_fill(struct room *room);
/* Gives so many of them back. */
void room_make(struct room *room, int count);
/* All of them, and the limit. */
void room_end(struct room *room);

#endif
