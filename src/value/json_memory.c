/*
 * json_memory.c - wraps jansson's allocation functions, and follows its token buffer
 */
#include "src/value/json_memory.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The functions that were set before. They stay when the wrappers are no longer called. */
static json_malloc_t allocate_below;
static json_free_t release_below;
#if JANSSON_VERSION_HEX >= 0x020f00
static json_realloc_t reallocate_below;
#endif
static bool wrapped;

/* In the static part of thread-local memory, which is there without an allocation. */
static __thread struct procspawn__json_memory *current
    __attribute__((tls_model("initial-exec")));

/* jansson allocates the token buffer first. */
static void note_block(struct procspawn__json_memory *memory, void *block, size_t size)
{
    if (!memory->token) {
        memory->token = block;
        memory->token_size = size;
    } else if (size == 2 * memory->token_size) {
        memory->doubled = block;
    }
}

/* Growing, jansson frees the old token buffer directly after it has allocated the new one. */
static void note_release(struct procspawn__json_memory *memory, const void *block)
{
    if (block != memory->token || !memory->doubled)
        return;
    memory->token = memory->doubled;
    memory->token_size *= 2;
    memory->doubled = NULL;
}

/*
 * The token buffer doubles when it is full, but for its last byte. Tables of arrays and objects
 * double too, but then the token in the buffer is short, or is a string or number for which memory
 * was needed just before. So only the first request that is refused can be taken for one of the
 * buffer by mistake, and there is room for it: the buffer had not grown to that size yet.
 */
static bool is_for_token(const struct procspawn__json_memory *memory, size_t size)
{
    const unsigned char *token = memory->token;
    size_t last = memory->token_size - 1;

    return token && size == 2 * memory->token_size && memchr(token, 0, last + 1) == token + last;
}

static void *from_reserve(struct procspawn__json_memory *memory, size_t size)
{
    unsigned char *block = memory->next;

    if (!is_for_token(memory, size) || size > (size_t)(memory->end - block))
        return NULL;
    memory->next += size;
    return block;
}

static void *allocate(size_t size)
{
    struct procspawn__json_memory *memory = current;

    if (!memory)
        return allocate_below(size);
    void *block = memory->refused ? NULL : allocate_below(size);
    if (!block) {
        memory->refused = true;
        block = from_reserve(memory, size);
    }
    note_block(memory, block, size);
    return block;
}

static void release(void *block)
{
    struct procspawn__json_memory *memory = current;

    if (memory) {
        const unsigned char *at = block;
        note_release(memory, block);
        if (at >= memory->reserve && at < memory->end)
            return;
    }
    release_below(block);
}

static bool is_set(void)
{
    json_malloc_t allocate_by;
    json_free_t release_by;

    json_get_alloc_funcs(&allocate_by, &release_by);
    return allocate_by == allocate && release_by == release;
}

/*
 * Wrappers that the program has wrapped in its turn stay where they are: they would call each other
 * without end.
 */
void procspawn__json_memory_wrap(void)
{
    if (wrapped)
        return;
#if JANSSON_VERSION_HEX >= 0x020f00
    json_get_alloc_funcs2(&allocate_below, &reallocate_below, &release_below);
#else
    json_get_alloc_funcs(&allocate_below, &release_below);
#endif
    json_set_alloc_funcs(allocate, release);
    wrapped = true;
}

void procspawn__json_memory_unwrap(void)
{
    if (!wrapped || !is_set())
        return;
#if JANSSON_VERSION_HEX >= 0x020f00
    json_set_alloc_funcs2(allocate_below, reallocate_below, release_below);
#else
    json_set_alloc_funcs(allocate_below, release_below);
#endif
    wrapped = false;
}

void procspawn__json_memory_begin(struct procspawn__json_memory *memory, void *reserve,
                                  size_t size)
{
    *memory = (struct procspawn__json_memory){ .reserve = reserve, .next = reserve,
                                               .end = (unsigned char *)reserve + size };
    current = memory;
}

void procspawn__json_memory_end(void)
{
    current = NULL;
}
