/*
 * board.h - memory that the host shares with the servers, and no child has
 *
 * What would cost a message for each call is written here instead, and read when there is reason to
 * look: which children have answered, by the host; how many nested children there are, by the
 * servers. It is mapped by the host at init. The servers keep it from their children.
 */
#ifndef FORKSCOPE_WIRE_BOARD_H
#define FORKSCOPE_WIRE_BOARD_H

#include "src/wire/protocol.h"
#include <stdint.h>

enum { WIRE_BOARD_SLOTS = 8192 };

/* Of one child. When it answers the time is written first. */
struct wire_mark {
    uint64_t token;             /* its first word, each bit turned round once it has answered */
    int64_t answered_at;
};

/* Of one server. A new server with the same index begins with what is left here. */
struct wire_board {
    uint32_t nested;            /* children of children, alive */
    uint32_t padding;
    struct wire_mark marks[WIRE_BOARD_SLOTS];
};

/* For so many servers, zeroed. NULL when out of memory. */
struct wire_board *wire__board_map(unsigned servers);
void wire__board_unmap(struct wire_board *board, unsigned servers);

/* A server: the place is this child's from now on. */
void wire__board_expect(struct wire_mark *mark, const struct wire_token *token);
/* The host: this child has answered. Says nothing when the place is another one's by now. */
void wire__board_mark(struct wire_mark *mark, const struct wire_token *token, int64_t now);
/* A server: when it did, 0 if it has not. */
int64_t wire__board_answered(const struct wire_mark *mark, const struct wire_token *token);

#endif
