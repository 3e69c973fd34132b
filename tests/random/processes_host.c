/*
 * processes_host.c - the program of a round: sessions from init to fini, with threads that act at
 * random. After each session everything is as before
 */
#include "tests/random/processes.h"

#include "tests/random/run.h"
#include "tests/random/watch.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_SESSIONS = 3, MOST_GROWTH = 4 << 20 };

static atomic_bool over;

static void act(struct actor *actor)
{
    static void (*const acts[])(struct actor *) = {
        held_act, held_act,  held_act,   held_act,   held_act,  held_act,   held_act,
        held_act, pools_act, scopes_act, values_act, typed_act, copies_act, options_act,
        options_act, sets_act,  maps_act,
    };
    acts[dice_roll(&actor->dice, sizeof acts / sizeof acts[0])](actor);
}

static void *live(void *argument)
{
    struct actor *actor = argument;
    board_thread(actor->number);
    faults_spare(true);
    while (!over)
        act(actor);
    return NULL;
}

/* ---- a session ---- */

static bool start(struct dice *dice)
{
    procspawn_config *config = procspawn_config_new();
    EXPECT(config != NULL, "no memory");
    procspawn_config_capture_backtraces(config, dice_one_in(dice, 3));
    procspawn_config_resolve_backtraces(config, dice_one_in(dice, 3));
    procspawn_config_panic_handling(config, true);
    if (dice_one_in(dice, 3))
        procspawn_config_spares(config, (int)dice_roll(dice, 4));
    int rc = procspawn_init_with(config, 0, NULL);
    procspawn_config_free(config);
    EXPECT(rc == 0, "init returned %s", forkscope_strerror(rc));
    return true;
}

static void run_threads(struct dice *dice)
{
    pthread_t threads[THREADS];
    over = false;
    for (int i = 0; i < THREADS; i++) {
        actors[i] = (struct actor){ .number = i, .dice = dice_new(dice_roll(dice, UINT64_MAX)) };
        pthread_mutex_init(&actors[i].lock, NULL);
    }
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, live, &actors[i]) == 0, "no thread");
    weather_begin(dice_roll(dice, UINT64_MAX));
    poll(NULL, 0, 100 + (int)dice_roll(dice, 1200));
    over = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    weather_end();
}

/* What no weather hinders any more: a server that was killed is replaced. */
static void check_service(void)
{
    struct dice dice = dice_new(1);
    struct call call;
    if (board->root_killed)
        return;
    call_draw(&dice, &call, NULL);
    call.work = WORK_ECHO;
    if (call_start(&dice, &call)) {
        call_join(&call, -1);
        call_wait(&call, -1);
        call_free(&call);
    }
}

static void end_calls(void)
{
    for (int i = 0; i < THREADS; i++)
        held_end(&actors[i]);
}

static void end_pools(struct dice *dice)
{
    for (int i = 0; i < SHARED_POOLS; i++) {
        if (shared_pools[i].pool != NULL)
            pools_close(dice, &shared_pools[i]);
    }
}

/* It ends all that were not ended before. */
static void expect_end(void)
{
    for (int i = 0; i < THREADS; i++) {
        for (int j = 0; j < HELD_CALLS; j++)
            atomic_fetch_or(&actors[i].held[j].events, EVENT_FINI);
    }
    for (int i = 0; i < SHARED_POOLS; i++)
        atomic_fetch_or(&shared_pools[i].killed, EVENT_FINI);
}

static void finish(struct dice *dice)
{
    static const int64_t six = 6 * BASE_SECOND;
    int rc = -ETIMEDOUT;
    expect_end();
    board->is_over = true;
    if (dice_one_in(dice, 3)) {
        int64_t patience = (int64_t)dice_roll(dice, 100) * MS;
        rc = IN_LIBRARY(patience, procspawn_fini_timeout(patience));
        EXPECT(rc == 0 || rc == -ETIMEDOUT, "fini_timeout returned %d", rc);
    }
    if (rc < 0)
        rc = IN_LIBRARY(six, procspawn_fini());
    EXPECT(rc == 0, "fini returned %d", rc);
    /* Killed together they leave no process that ends what children have started. */
    if (!board->root_killed || board->server_killed == 0)
        family_check_all_gone("procspawn_fini", board->root_killed ? run_slack() : 0);
}

static unsigned long sum_of_endings(void)
{
    unsigned long sum = 0;
    for (int i = 0; i < ENDINGS; i++)
        sum += board->endings[i];
    return sum;
}

/* A thread that has been joined is on the system's list for a moment. */
static void check_left(int descriptors, int threads)
{
    int64_t late = base__deadline(run_slack());
    while (watch_count_threads() != threads && base__now() < late)
        poll(NULL, 0, 1);
    EXPECT(watch_count_threads() == threads, "%d threads are left",
           watch_count_threads() - threads);
    if (watch_count_descriptors() != descriptors)
        describe_descriptors();
    EXPECT(watch_count_descriptors() == descriptors, "%d descriptors are left",
           watch_count_descriptors() - descriptors);
    EXPECT(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a child is left");
}

static void check_memory(void)
{
    static size_t first;
    size_t now = mallinfo2().uordblks;
    if (first == 0)
        first = now;
    EXPECT(now <= first + MOST_GROWTH, "%zu bytes are in use, and %zu before", now, first);
}

static void run_session(struct dice *dice)
{
    int descriptors = watch_count_descriptors(), threads = watch_count_threads();
    unsigned long calls = board->calls, endings = sum_of_endings();
    board->root_killed = false;
    board->server_killed = 0;
    board->is_over = false;
    weather_draw(dice);
    start(dice);
    for (int i = 0; i < SHARED_POOLS; i++)
        pools_open(dice, &shared_pools[i], NULL);
    run_threads(dice);
    check_service();
    bool fini_first = dice_one_in(dice, 3);
    if (fini_first)
        finish(dice);
    end_calls();
    end_pools(dice);
    if (!fini_first)
        finish(dice);
    EXPECT(board->calls - calls == sum_of_endings() - endings, "%lu calls, and %lu endings",
           board->calls - calls, sum_of_endings() - endings);
    check_left(descriptors, threads);
    check_memory();
    atomic_fetch_add(&board->sessions, 1);
}

static void on_hang(int signo)
{
    (void)signo;
    watch_print_threads();
}

int host_run(uint64_t seed)
{
    struct dice dice = dice_new(seed);
    struct sigaction action = { .sa_handler = on_hang };
    sigaction(SIGUSR1, &action, NULL);
    board_thread(THREADS);
    faults_spare(true);
    for (uint64_t i = 1 + dice_roll(&dice, MOST_SESSIONS); i > 0; i--)
        run_session(&dice);
    return 0;
}
