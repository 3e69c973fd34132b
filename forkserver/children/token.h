/*
 * token.h - random bytes that prove to a spawner that a message is the server's
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_TOKEN_H
#define FORKSCOPE_FORKSERVER_CHILDREN_TOKEN_H

#include "src/wire/protocol.h"

enum { TOKENS_AT_ONCE = 64 };

/*
 * Tokens drawn ahead. Must lie in memory that no fork copies (private_memory.h), as must their
 * copies.
 */
struct tokens {
    unsigned left;
    struct wire_token drawn[TOKENS_AT_ONCE];
};

/*
 * Draws a token that was never used before. Returns 0, or -errno if the kernel provides no random
 * bytes.
 */
int forkserver__token_draw(struct tokens *tokens, struct wire_token *ret_token);

#endif
