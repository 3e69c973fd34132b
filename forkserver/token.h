/*
 * token.h - random bytes by which a spawner knows the server's word of a child
 */
#ifndef FORKSCOPE_FORKSERVER_TOKEN_H
#define FORKSCOPE_FORKSERVER_TOKEN_H

#include "src/wire/protocol.h"

enum { TOKENS_AT_ONCE = 64 };

/* Drawn ahead. Lies in memory that no fork copies (apart.h); so must what a token is put into. */
struct tokens {
    unsigned left;
    struct wire_token drawn[TOKENS_AT_ONCE];
};

/* A token that was never used before. Returns 0, or -errno where the kernel has none to give. */
int forkserver__token_draw(struct tokens *tokens, struct wire_token *ret_token);

#endif
