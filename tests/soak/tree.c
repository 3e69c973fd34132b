/*
 * tree.c - the branches of the tree, and their calls
 */
#include "tests/soak/tree.h"

#include "tests/soak/call.h"
#include "tests/soak/fresh.h"
#include "tests/soak/nodes.h"
#include "tests/soak/work.h"
#include "tests/support/closed.h"
#include <errno.h>
#include <forkscope/tree.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { BRANCHES = 10, TWIGS = 4, MS = 1000000 };

uint64_t draw(uint64_t *random)
{
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A task, and the sequence of its own that it draws from. */
struct twig {
    uint64_t random;
    int node;
};

static struct twig *twig_new(uint64_t random, int parent)
{
    struct twig *twig = malloc(sizeof *twig);
    int node = twig ? node_enter(parent, NODE_OF_TASK) : -1;

    if (node < 0) {
        free(twig);
        return NULL;
    }
    *twig = (struct twig){ random, node };
    return twig;
}

static void twig_end(void *argument)
{
    struct twig *twig = argument;

    node_end(twig->node);
    free(twig);
}

/* ---- one call ---- */

static procspawn_builder *draw_builder(uint64_t *random, enum work what)
{
    procspawn_builder *builder = procspawn_builder_new();
    const struct rlimit few = { 12, 12 };

    if (!builder)
        return NULL;
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_grace(builder, (int64_t)(draw(random) % 20) * MS);
    if (what >= WORK_HANG || draw(random) % 4 == 0)
        procspawn_builder_total_limit(builder, (int64_t)(1 + draw(random) % 40) * MS);
    if (draw(random) % 8 == 0)
        procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &few);
    if (draw(random) % 8 == 0)
        procspawn_builder_rlimit(builder, RLIMIT_NPROC, &few);
    return builder;
}

static int spawn(scoped_spawner spawner, uint64_t *random, struct call *call)
{
    enum work what = (enum work)(draw(random) % WORKS);
    procspawn_builder *builder = draw_builder(random, what);
    json_t *argument = work_argument(what, call->node, call->number);
    int rc = builder && argument
                 ? scoped_procspawn(spawner, builder, work, argument, &call->handle) : -ENOMEM;

    json_decref(argument);
    procspawn_builder_free(builder);
    add(rc == 0 ? &shared->counts.calls : &shared->counts.refused);
    return rc;
}

/* The caller cannot be cancelled between the entry of the node and the place that ends the call. */
static void make_call(scoped_spawner self, struct twig *twig)
{
    struct call call = { .number = (int64_t)(draw(&twig->random) % 1000000) };
    int cancel, rc;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    call.node = node_enter(twig->node, NODE_OF_CALL);
    rc = call.node < 0 ? -ENOMEM : spawn(self, &twig->random, &call);
    if (rc == 0) {
        pthread_cleanup_push(call_leave, &call);
        pthread_setcancelstate(cancel, NULL);
        bool over = call_join(&call, (int64_t)(draw(&twig->random) % 30) * MS);
        if (!over && draw(&twig->random) % 2)
            procspawn_kill(call.handle);
        if (!over && draw(&twig->random) % 4)
            call_join(&call, -1);
        if (procspawn_wait_timeout(call.handle, 0, NULL) == 0)
            node_end(call.node);
        pthread_cleanup_pop(1);
    } else if (call.node >= 0) {
        node_end(call.node);
    }
    pthread_setcancelstate(cancel, NULL);
}

/* ---- tasks ---- */

static void sleep_a_little(uint64_t *random)
{
    scoped_sleep_until(forkscope_after((int64_t)(draw(random) % 10) * MS));
}

static int live_as_twig(scoped_spawner self, void *argument)
{
    struct twig *twig = argument;

    add(&shared->counts.tasks);
    while (!stopped() && !scoped_cancelled() && draw(&twig->random) % 8) {
        if (draw(&twig->random) % 2)
            make_call(self, twig);
        else
            sleep_a_little(&twig->random);
        scoped_checkpoint();
    }
    return draw(&twig->random) % 4 ? 0 : -EIO;
}

static struct scoped_options draw_options(uint64_t *random)
{
    static const struct scoped_policy *const policies[] = { &scoped_collect, &scoped_fail_fast,
                                                            &scoped_first_success };
    struct scoped_options options = {
        .policy = policies[draw(random) % 3],
        .cancel = (enum scoped_cancel_mode)(draw(random) % 4),
    };

    if (draw(random) % 3 == 0)
        options.until = forkscope_after((int64_t)(draw(random) % 100) * MS);
    if (draw(random) % 3 == 0)
        options.grace = (int64_t)(1 + draw(random) % 20) * MS;
    if (draw(random) % 4 == 0)
        options.max_tasks = 3;
    return options;
}

/* Waiting for room is a cancellation point, and comes before there is anything to lose. */
static int add_twig(scoped_spawner scope, struct twig *branch)
{
    int cancel;
    int rc = scoped_scope_wait_room_until(scope, SCOPED_FOREVER);

    if (rc < 0)
        return rc;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    struct twig *twig = twig_new(draw(&branch->random), branch->node);
    rc = twig ? scoped_spawn(scope, live_as_twig, twig, twig_end) : -ENOMEM;
    if (twig && rc < 0)
        twig_end(twig);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

/* One round of a branch: a scope with tasks, closed in order or left to the branch's own end. */
static int live_as_branch(scoped_spawner self, void *argument)
{
    struct twig *branch = argument;
    struct scoped_options options = draw_options(&branch->random);
    scoped_spawner scope;

    add(&shared->counts.tasks);
    int rc = scoped_scope_open(self, &options, &scope);
    for (int i = 0; rc == 0 && i < TWIGS; i++)
        rc = add_twig(scope, branch);
    make_call(self, branch);
    if (rc == 0 && draw(&branch->random) % 3)
        scoped_close(scope, forkscope_after(100 * MS), NULL);
    return rc;
}

/* ---- the roots of branches: each starts them over and over, and cuts some short ---- */

static void let_branch_live(scoped_spawner root, uint64_t *random)
{
    struct scoped_parent_signals signals;
    struct twig *branch = twig_new(draw(random), -1);

    if (!branch)
        return;
    if (scoped_spawn_with_signal(root, live_as_branch, branch, twig_end, &signals) < 0) {
        twig_end(branch);
        return;
    }
    int64_t patience = (int64_t)(draw(random) % 200) * MS;
    scoped_done_receiver_wait_until(signals.done_receiver, forkscope_after(patience));
    if (draw(random) % 2)
        scoped_cancel_sender_free(signals.cancel_sender);
    else
        scoped_cancel_sender_forget(signals.cancel_sender);
    if (draw(random) % 2)
        scoped_done_receiver_wait_until(signals.done_receiver, forkscope_after(200 * MS));
    scoped_done_receiver_free(signals.done_receiver);
}

static void *grow(void *seed)
{
    uint64_t random = *(uint64_t *)seed;

    while (!stopped()) {
        scoped_spawner root;
        if (scoped_spawner_open(NULL, &root) < 0)
            continue;
        for (int i = 0; i < 3 && !stopped(); i++)
            let_branch_live(root, &random);
        if (close_whatever(root, SCOPED_FOREVER) < 0)
            wrong("a root cannot be closed");
    }
    return NULL;
}

/* From time to time there are hardly any descriptors. */
static void starve(uint64_t *random)
{
    struct rlimit enough, few;

    getrlimit(RLIMIT_NOFILE, &enough);
    few = enough;
    while (!stopped()) {
        struct timespec pause = { 0, (long)(draw(random) % 100) * MS };
        few.rlim_cur = 20 + draw(random) % 200;
        setrlimit(RLIMIT_NOFILE, draw(random) % 4 ? &enough : &few);
        nanosleep(&pause, NULL);
    }
    setrlimit(RLIMIT_NOFILE, &enough);
}

int tree_run(uint64_t seed)
{
    uint64_t seeds[BRANCHES], fresh_seed = seed + 1;
    pthread_t threads[BRANCHES], fresh;

    procspawn_config *config = procspawn_config_new();
    procspawn_config_capture_backtraces(config, draw(&seed) % 2);
    int rc = procspawn_init_with(config, 0, NULL);
    procspawn_config_free(config);
    if (rc < 0)
        return 1;
    for (int i = 0; i < BRANCHES; i++) {
        seeds[i] = draw(&seed);
        if (pthread_create(&threads[i], NULL, grow, &seeds[i]) != 0)
            return 1;
    }
    if (pthread_create(&fresh, NULL, call_fresh_pools, &fresh_seed) != 0)
        return 1;
    starve(&seed);
    pthread_join(fresh, NULL);
    for (int i = 0; i < BRANCHES; i++)
        pthread_join(threads[i], NULL);
    if (procspawn_fini() < 0 || waitpid(-1, NULL, WNOHANG) != -1)
        return 1;
    return 0;
}
