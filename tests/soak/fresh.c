/*
 * fresh.c - one pool after the other, whose calls leave behind what they can
 */
#include "tests/soak/fresh.h"

#include "tests/soak/call.h"
#include "tests/soak/nodes.h"
#include "tests/soak/tree.h"
#include "tests/soak/work.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 2, AT_ONCE = 4, MS = 1000000 };

/* ---- in the worker ---- */

enum act {
    ACT_NONE, ACT_MEMORY, ACT_DESCRIPTORS, ACT_STACK, ACT_PLACE, ACT_THREAD, ACT_CHILD, ACT_MAPPING,
    ACT_PANIC, ACT_CRASH, ACT_EXIT, ACT_HANG,
    ACTS
};

static char *block;                 /* made before the first call */
static int visits;

static void *wait_for_ever(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void leave_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, wait_for_ever, NULL) == 0)
        pthread_detach(thread);
}

static void leave_child(void)
{
    if (fork() == 0)
        wait_for_ever(NULL);
}

static void leave_memory(void)
{
    enum { LENGTH = 200000 };

    for (int i = 0; i < 10; i++) {
        char *piece = malloc(LENGTH);
        if (piece)
            memset(piece, 1, LENGTH);
    }
    free(block);
    block = NULL;
}

static void use_stack(void)
{
    volatile char deep[300000];

    for (size_t i = 0; i < sizeof deep; i += 1024)
        deep[i] = 1;
}

static void act(enum act act)
{
    switch (act) {
    case ACT_MEMORY:
        leave_memory();
        break;
    case ACT_DESCRIPTORS:
        for (int i = 0; i < 5; i++)
            (void)!open("/dev/null", O_RDONLY);
        close(STDIN_FILENO);
        break;
    case ACT_STACK:
        use_stack();
        break;
    case ACT_PLACE:
        (void)!chdir("/proc");
        umask(0777);
        signal(SIGUSR1, SIG_IGN);
        break;
    case ACT_THREAD:
        leave_thread();
        break;
    case ACT_CHILD:
        leave_child();
        break;
    case ACT_MAPPING:
        mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        break;
    case ACT_PANIC:
        procspawn_panic("as planned");
    case ACT_CRASH:
        raise(SIGSEGV);
        break;
    case ACT_EXIT:
        exit(7);
    case ACT_HANG:
        wait_for_ever(NULL);
        break;
    default:
        break;
    }
}

/* What was left before makes the answer a wrong one. */
static bool is_fresh(void)
{
    struct sigaction action;
    mode_t mask = umask(022);

    umask(mask);
    sigaction(SIGUSR1, NULL, &action);
    return visits == 0 && block && strcmp(block, "block") == 0 && mask != 0777 &&
           action.sa_handler == SIG_DFL && fcntl(STDIN_FILENO, F_GETFD) >= 0;
}

static json_t *prepare(json_t *argument)
{
    block = strdup("block");
    return json_incref(argument);
}

static json_t *visit(json_t *argument)
{
    json_int_t number = json_integer_value(json_object_get(argument, "number"));
    bool fresh = is_fresh();

    visits++;
    act((enum act)json_integer_value(json_object_get(argument, "act")));
    return json_pack("{s:o}", "answer", json_integer(fresh ? work_answer(number) : -1));
}

/* ---- in the program ---- */

static procspawn_pool *make_pool(uint64_t *random)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(WORKERS);
    procspawn_pool *pool = NULL;

    if (!builder)
        return NULL;
    procspawn_pool_builder_fresh(builder);
    procspawn_pool_builder_initializer(builder, prepare, NULL);
    procspawn_builder *process = procspawn_pool_builder_process(builder);
    procspawn_builder_stdout(process, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stderr(process, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_run_limit(process, (int64_t)(20 + draw(random) % 40) * MS);
    if (procspawn_pool_builder_build(builder, &pool) < 0)
        pool = NULL;
    procspawn_pool_builder_free(builder);
    return pool;
}

static bool start(procspawn_pool *pool, uint64_t *random, struct call *call)
{
    *call = (struct call){ .number = (int64_t)(draw(random) % 1000000), .node = -1,
                            .of_pool = true };
    json_t *argument = json_pack("{s:i, s:I}", "act", (int)(draw(random) % ACTS), "number",
                                 (json_int_t)call->number);
    int rc = argument ? procspawn_pool_spawn(pool, visit, argument, &call->handle) : -ENOMEM;

    json_decref(argument);
    add(rc == 0 ? &shared->counts.calls : &shared->counts.refused);
    return rc == 0;
}

static void end(struct call *call, uint64_t *random)
{
    if (draw(random) % 8 == 0)
        procspawn_kill(call->handle);
    while (!call_join(call, 10 * MS))
        continue;
    call_leave(call);
}

/* False if the pool takes no calls. */
static bool call_some(procspawn_pool *pool, uint64_t *random)
{
    struct call calls[AT_ONCE];
    unsigned count = 0;

    while (count < AT_ONCE && start(pool, random, &calls[count]))
        count++;
    for (unsigned i = 0; i < count; i++)
        end(&calls[i], random);
    return count > 0;
}

void *call_fresh_pools(void *seed)
{
    const struct timespec pause = { 0, MS };
    uint64_t random = *(uint64_t *)seed;

    while (!stopped()) {
        procspawn_pool *pool = make_pool(&random);
        bool takes_calls = pool != NULL;
        while (takes_calls && !stopped() && draw(&random) % 64)
            takes_calls = call_some(pool, &random);
        procspawn_pool_free(pool);
        if (!takes_calls)
            nanosleep(&pause, NULL);
    }
    return NULL;
}
