/*
 * board.h - memory shared by the host and the servers, but not with children
 *
 * The board holds what would otherwise cost a message for each call. The host writes which children
 * have answered and which servers rest; the servers write how many children they have. The host
 * maps the board at init. The servers exclude it from their forks (MADV_DONTFORK).
 */
#ifndef FORKSCOPE_WIRE_BOARD_H
#define FORKSCOPE_WIRE_BOARD_H

#include "src/wire/protocol.h"
#include <stdint.h>

enum { WIRE_BOARD_SLOTS = 8192 };

/* Of one child. The host writes answered_at before it complements the token. */
struct wire_mark {
    uint64_t token;             /* first word of the child's token; complemented once it answered */
    int64_t answered_at;
};

/* Of one server. A new server with the same index inherits the marks. */
struct wire_board {
    uint32_t nested;            /* children of children that are alive */
    uint32_t children;          /* those that the server has, as of its last event */
    uint32_t resting;           /* set by the host: it is to keep no spares */
    /* In the first board, written by the root: */
    uint32_t servers;           /* how many there are */
    uint32_t progress;          /* increased while it copies memory before the first one starts */
    uint32_t padding;
    struct wire_mark marks[WIRE_BOARD_SLOTS];
};

/* Maps zeroed boards for this number of servers. Returns NULL without memory. */
struct wire_board *wire__board_map(unsigned servers);
void wire__board_unmap(struct wire_board *board, unsigned servers);

/* Server: assigns the slot to this child. */
void wire__board_expect(struct wire_mark *mark, const struct wire_token *token);
/*
 * Host: marks this child as having answered. Does nothing if the slot belongs to another child by
 * now.
 */
void wire__board_mark(struct wire_mark *mark, const struct wire_token *token, int64_t now);
/* Server: returns when the child answered, or 0 if it has not. */
int64_t wire__board_answered(const struct wire_mark *mark, const struct wire_token *token);

#endif
