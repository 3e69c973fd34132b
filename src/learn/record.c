/*
 * record.c - notes each need once
 */
#include "src/learn/record.h"

#include <stdbool.h>
#include <string.h>

/* What makes two calls the same need. */
struct key {
    int64_t number;
    struct procspawn__need need;
    uint64_t signature[SANDBOX_ARGUMENTS];
    size_t path_length;
    const char *path;
};

/* Of the notes, in the memory of the learner alone: what the rules see of each, and a sum of it. */
static struct {
    uint64_t sum;
    uint64_t signature[SANDBOX_ARGUMENTS];
} seen[PROCSPAWN__LEARNED_MAX];

/* A profile lets in all such calls, whatever they look at. A path is judged by its rights. */
static void make_key(const struct procspawn__learned_call *call, pid_t own, struct key *ret_key)
{
    *ret_key = (struct key){ .number = call->number, .need = call->need, .path = call->path };
    if (call->need.kind == PROCSPAWN__NEED_PATH)
        ret_key->path_length = call->let_in;
    else if (call->need.kind == PROCSPAWN__NEED_REFUSED)
        ret_key->path_length = strlen(call->path);
    if (call->need.kind == PROCSPAWN__NEED_REFUSED || call->need.kind == PROCSPAWN__NEED_PROFILE)
        sandbox__signature((long)call->number, call->argument, own, ret_key->signature);
}

static uint64_t add_to_sum(uint64_t sum, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < length; i++)
        sum = (sum ^ at[i]) * UINT64_C(1099511628211);
    return sum;
}

static uint64_t sum_of(const struct key *key)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    sum = add_to_sum(sum, &key->number, sizeof key->number);
    sum = add_to_sum(sum, &key->need, sizeof key->need);
    sum = add_to_sum(sum, key->signature, sizeof key->signature);
    return add_to_sum(sum, key->path, key->path_length);
}

static size_t path_length_of(const struct procspawn__learned_call *call)
{
    if (call->need.kind == PROCSPAWN__NEED_PATH)
        return call->let_in;
    return call->need.kind == PROCSPAWN__NEED_REFUSED ? strlen(call->path) : 0;
}

static bool is_same(const struct procspawn__learned_call *noted, const uint64_t signature[],
                    const struct key *key)
{
    return noted->number == key->number &&
           memcmp(&noted->need, &key->need, sizeof key->need) == 0 &&
           memcmp(signature, key->signature, sizeof key->signature) == 0 &&
           path_length_of(noted) == key->path_length &&
           memcmp(noted->path, key->path, key->path_length) == 0;
}

void learn__note(struct procspawn__learned *learned, const struct procspawn__learned_call *call,
                 pid_t own)
{
    const uint32_t count = __atomic_load_n(&learned->count, __ATOMIC_RELAXED);
    struct key key;

    make_key(call, own, &key);
    const uint64_t sum = sum_of(&key);
    for (uint32_t i = 0; i < count; i++) {
        if (seen[i].sum != sum || !is_same(&learned->calls[i], seen[i].signature, &key))
            continue;
        __atomic_add_fetch(&learned->calls[i].count, 1, __ATOMIC_RELAXED);
        return;
    }
    if (count == PROCSPAWN__LEARNED_MAX) {
        __atomic_store_n(&learned->truncated, 1, __ATOMIC_RELAXED);
        return;
    }
    learned->calls[count] = *call;
    learned->calls[count].count = 1;
    seen[count].sum = sum;
    memcpy(seen[count].signature, key.signature, sizeof key.signature);
    __atomic_store_n(&learned->count, count + 1, __ATOMIC_RELEASE);
}
