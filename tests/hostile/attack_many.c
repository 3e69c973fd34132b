/*
 * attack_many.c - hostile functions in maps, and in sets with captured output
 */
#include "tests/hostile/attack.h"

#include "src/base/clock.h"
#include "tests/hostile/call.h"
#include "tests/hostile/mark.h"
#include <errno.h>
#include <forkscope/completion.h>
#include <forkscope/map.h>

enum { MANY = 12 };

/* ---- in sets ---- */

static void add_call(struct random *random, procspawn_set *set)
{
    int64_t deadline = call_deadline(random);
    struct call call;
    procspawn_builder *builder = call_builder(random, deadline);
    struct procspawn_call_options options = { .builder = builder, .take_argument = true };

    if (random_one_in(random, 2))
        options.capture_limit = 1 + random_length(random, 100000);
    json_t *argument = call_argument(random, &call, ACT_ENDS_ANYHOW, NULL);
    timed_begin(0, "the start of %s in a set", act_at(call.act)->name);
    int rc = procspawn_set_start(set, &options, act_function, argument, NULL);
    timed_end(TIMED_SPAWN);
    procspawn_builder_free(builder);
    if (rc < 0)
        ledger_wrong(CLAIM_ENDS, "a call of a set is refused: %d", rc);
}

/*
 * What was kept is bounded and ends with a byte of 0, whatever was printed. The line that stands for
 * what is missing may be longer than that.
 */
static void check_output(const struct procspawn_output *output)
{
    enum { LIMIT = 100000 + 100 };

    if (!output->data || output->size > LIMIT || output->data[output->size] != '\0' ||
        (!output->truncated && output->total != output->size))
        ledger_wrong(CLAIM_ENDS, "output of %zu bytes, %llu in all", output->size,
                     (unsigned long long)output->total);
}

static void take_results(struct random *random, procspawn_set *set)
{
    int64_t give_up_at = base__now() + BASE_SECOND + 2 * TIMED_LATE;
    struct procspawn_result result;
    int rc = -ETIMEDOUT;

    while (rc != -ENODATA && base__now() < give_up_at && !random_one_in(random, 4 * MANY)) {
        int64_t timeout = (int64_t)random_length(random, 100) * MS;
        timed_begin(timeout, "a result of a set within %d ms", (int)(timeout / MS));
        rc = procspawn_set_next_timeout(set, timeout, &result);
        timed_end(TIMED_JOIN);
        if (rc < 0)
            continue;
        check_output(&result.out);
        check_output(&result.err);
        procspawn_result_fini(&result);
    }
    if (base__now() >= give_up_at)
        ledger_wrong(CLAIM_ENDS, "calls of a set do not end");
}

void attack_in_sets(uint64_t seed, int64_t until)
{
    struct random random = { seed };

    while (base__now() < until) {
        procspawn_set *set;
        int rc = procspawn_set_new(&set);
        if (rc < 0) {
            ledger_wrong(CLAIM_ENDS, "no set: %s", forkscope_strerror(rc));
            return;
        }
        procspawn_set_max_running(set, 1 + random_below(&random, 3));
        for (unsigned i = 1 + random_below(&random, MANY); i > 0; i--)
            add_call(&random, set);
        take_results(&random, set);
        timed_begin(0, "the end of a set");
        procspawn_set_free(set);
        timed_end(TIMED_FREE);
    }
}

/* ---- in maps ---- */

struct items {
    struct random *random;
    unsigned left;
    unsigned made, given;
};

static int make_item(json_t **ret_item, void *argument)
{
    struct items *items = argument;
    struct call call;

    if (items->left == 0)
        return -ENODATA;
    items->left--;
    items->made++;
    *ret_item = call_argument(items->random, &call, ACT_ENDS_ANYHOW, NULL);
    return 0;
}

/* Each item once, and a value or an error. */
static int take_result(size_t index, struct procspawn_result *result, void *argument)
{
    struct items *items = argument;

    if (index >= items->made || (result->value == NULL) == (result->error == NULL))
        ledger_wrong(CLAIM_ENDS, "item %zu of %u has both a value and an error, or neither", index,
                     items->made);
    items->given++;
    return 0;
}

static void map_some(struct random *random, procspawn_pool *pool)
{
    struct items items = { .random = random, .left = 1 + random_below(random, 4 * MANY) };
    struct procspawn_map_options options = {
        .pool = pool,
        .chunk = random_one_in(random, 2) ? 1 + random_below(random, MANY) : 0,
        .unordered = random_one_in(random, 2),
        .run_limit = random_one_in(random, 3) ? 50 * MS : 0,
        .total_limit = (1 + (int64_t)random_below(random, 500)) * MS,
    };

    timed_begin(options.total_limit, "a map of hostile items");
    int rc = procspawn_map_each(&options, act_function, make_item, take_result, &items, NULL);
    timed_end(TIMED_ENDING);
    if (rc < 0 && rc != PROCSPAWN_ECALL)
        ledger_wrong(CLAIM_ENDS, "a map: %s", forkscope_strerror(rc));
    if (items.given > items.made || (rc == 0 && items.given < items.made))
        ledger_wrong(CLAIM_ENDS, "a map gave %u results of %u items", items.given, items.made);
}

void attack_in_maps(uint64_t seed, int64_t until)
{
    struct random random = { seed };

    while (base__now() < until) {
        procspawn_pool *pool = attack_pool(&random, call_user(&random));
        for (unsigned i = 1 + random_below(&random, 4); pool && i > 0; i--)
            map_some(&random, pool);
        timed_begin(0, "the end of a pool of maps");
        procspawn_pool_free(pool);
        timed_end(TIMED_POOL_END);
    }
}
