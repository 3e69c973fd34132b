/*
 * program.c - the program that calls hostile functions: its threads, its pauses, its end
 */
#include "tests/hostile/program.h"

#include "src/base/clock.h"
#include "tests/hostile/attack.h"
#include "tests/hostile/random.h"
#include "tests/hostile/innocent.h"
#include "tests/hostile/ledger.h"
#include "tests/hostile/quiet.h"
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <stdbool.h>

static const int64_t warm_time = BASE_SECOND / 2;
static const int64_t round_time = 3 * BASE_SECOND;

struct life {
    attack_life *live;
    unsigned slot;
    uint64_t seed;
    int64_t until;
    pthread_t thread;
};

static attack_life *const innocents[] = { innocent_live, innocent_live, innocent_live };
static attack_life *const attackers[] = { attack_plainly, attack_plainly, attack_plainly,
                                          attack_in_scopes, attack_in_pools,
                                          attack_in_mixed_pools, attack_by_channels,
                                          attack_in_sets, attack_in_maps };

enum {
    INNOCENTS = sizeof innocents / sizeof innocents[0],
    ATTACKERS = sizeof attackers / sizeof attackers[0],
    LIVES = INNOCENTS + ATTACKERS
};

static void *run(void *argument)
{
    struct life *life = argument;

    ledger_use_slot(life->slot);
    life->live(life->seed, life->until);
    return NULL;
}

static bool start(struct life *life, attack_life *live, unsigned slot, struct random *random,
                  int64_t length)
{
    *life = (struct life){ live, slot, random_draw(random), base__now() + length, 0 };
    return pthread_create(&life->thread, NULL, run, life) == 0;
}

/* Slot 0 is this thread's. */
static void run_round(struct random *random, bool hostile, int64_t length)
{
    struct life lives[LIVES];
    unsigned count = 0;

    for (unsigned i = 0; i < INNOCENTS; i++)
        count += start(&lives[count], innocents[i], count + 1, random, length);
    for (unsigned i = 0; i < ATTACKERS && hostile; i++)
        count += start(&lives[count], attackers[i], count + 1, random, length);
    for (unsigned i = 0; i < count; i++)
        pthread_join(lives[i].thread, NULL);
    ledger->rounds++;
}

static int end_library(void)
{
    timed_begin(0, "procspawn_fini");
    int rc = procspawn_fini();
    timed_end(TIMED_END);
    quiet_end();
    return rc < 0;
}

int program_run(uint64_t seed)
{
    struct random random = { seed };

    ledger_keep_from_children();
    ledger_use_slot(0);
    quiet_begin();
    int rc = procspawn_init(0, NULL);
    if (rc < 0) {
        ledger_wrong(CLAIM_ORDER, "procspawn_init: %s", forkscope_strerror(rc));
        return 1;
    }
    run_round(&random, false, warm_time);
    quiet_first();
    while (!__atomic_load_n(&ledger->stop, __ATOMIC_ACQUIRE)) {
        run_round(&random, true, round_time);
        quiet_again();
    }
    return end_library();
}
