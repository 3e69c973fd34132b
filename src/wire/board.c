/*
 * board.c - answer marks and counters in shared memory
 */
#include "src/wire/board.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

struct wire_board *wire__board_map(unsigned servers)
{
    void *memory = mmap(NULL, servers * sizeof(struct wire_board), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void wire__board_unmap(struct wire_board *board, unsigned servers)
{
    if (board)
        munmap(board, servers * sizeof *board);
}

void wire__board_expect(struct wire_mark *mark, const struct wire_token *token)
{
    __atomic_store_n(&mark->token, token->word[0], __ATOMIC_RELAXED);
}

/*
 * If the server reassigns the slot between the load and the store, the store can at most make the
 * new child's answer look later than it was.
 */
void wire__board_mark(struct wire_mark *mark, const struct wire_token *token, int64_t now)
{
    uint64_t expected = token->word[0];

    if (__atomic_load_n(&mark->token, __ATOMIC_RELAXED) != expected)
        return;
    __atomic_store_n(&mark->answered_at, now, __ATOMIC_RELAXED);
    __atomic_compare_exchange_n(&mark->token, &expected, ~expected, false, __ATOMIC_RELEASE,
                                __ATOMIC_RELAXED);
}

int64_t wire__board_answered(const struct wire_mark *mark, const struct wire_token *token)
{
    if (__atomic_load_n(&mark->token, __ATOMIC_ACQUIRE) != ~token->word[0])
        return 0;
    return __atomic_load_n(&mark->answered_at, __ATOMIC_RELAXED);
}
