/*
 * descriptor_room.h - a descriptor table with few free places
 */
#ifndef FORKSCOPE_SUPPORT_DESCRIPTOR_ROOM_H
#define FORKSCOPE_SUPPORT_DESCRIPTOR_ROOM_H

#include <sys/resource.h>

enum { ROOM_MAX = 300 };

struct room {
    struct rlimit before;
    int count;
    int taken[ROOM_MAX];
};

/* Lowers the limit and opens all descriptors that it allows. */
void room_fill(struct room *room);
/* Closes `count` of them. */
void room_make(struct room *room, int count);
/* Closes all of them and restores the limit. */
void room_end(struct room *room);

#endif
