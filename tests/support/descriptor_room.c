/*
 * descriptor_room.c - fills and empties the descriptor table of this process
 */
#include "tests/support/descriptor_room.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <unistd.h>

void room_fill(struct room *room)
{
    int first = dup(STDIN_FILENO);

    close(first);
    CU_ASSERT_FATAL(first >= 0 && getrlimit(RLIMIT_NOFILE, &room->before) == 0);
    struct rlimit limit = { (rlim_t)first + ROOM_MAX, room->before.rlim_max };
    CU_ASSERT_FATAL(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (room->count = 0; room->count < ROOM_MAX; room->count++) {
        room->taken[room->count] = dup(STDIN_FILENO);
        if (room->taken[room->count] < 0)
            break;
    }
}

void room_make(struct room *room, int count)
{
    while (count-- > 0)
        close(room->taken[--room->count]);
}

void room_end(struct room *room)
{
    room_make(room, room->count);
    setrlimit(RLIMIT_NOFILE, &room->before);
}
