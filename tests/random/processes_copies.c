/*
 * processes_copies.c - forks of the program: the copy gets errors for everything, and the owner is
 * not affected
 */
#include "tests/random/processes.h"

#include "tests/random/run.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_handle(procspawn_handle *handle)
{
    EXPECT(procspawn_join(handle, NULL, NULL) == PROCSPAWN_ENOTOWNER, "a copy joins");
    EXPECT(procspawn_join_timeout(handle, 0, NULL, NULL) == PROCSPAWN_ENOTOWNER, "a copy joins");
    EXPECT(procspawn_kill(handle) == PROCSPAWN_ENOTOWNER, "a copy kills");
    EXPECT(procspawn_terminate(handle, SIGTERM, MS) == PROCSPAWN_ENOTOWNER, "a copy terminates");
    EXPECT(procspawn_wait_timeout(handle, -1, NULL) == PROCSPAWN_ENOTOWNER, "a copy waits");
    EXPECT(procspawn_pid(handle) == 0, "a copy learns an id");
    EXPECT(procspawn_fd(handle) == -1, "a copy has a descriptor");
    EXPECT(procspawn_stdout(handle) == -1, "a copy has a stream");
    procspawn_handle_free(handle);
}

static void check_pool(procspawn_pool *pool)
{
    procspawn_handle *handle;
    procspawn_error *error;
    EXPECT(procspawn_pool_spawn(pool, work, NULL, &handle) == PROCSPAWN_ENOTINIT,
           "a copy calls in a pool");
    EXPECT(procspawn_pool_join_timeout(pool, 0) == PROCSPAWN_ENOTOWNER, "a copy waits for a pool");
    EXPECT(procspawn_pool_shutdown_timeout(pool, 0) == PROCSPAWN_ENOTOWNER,
           "a copy shuts a pool down");
    EXPECT(procspawn_pool_failure(pool, &error) == PROCSPAWN_ENOTOWNER, "a copy asks a pool");
    EXPECT(procspawn_pool_size(pool) + procspawn_pool_active_count(pool) +
                   procspawn_pool_queued_count(pool) ==
               0,
           "a copy counts");
    procspawn_pool_kill(pool);
    procspawn_pool_free(pool);
}

/* The copy has a server of its own then. */
static void begin_anew(void)
{
    procspawn_handle *handle;
    json_t *argument = work_argument(WORK_ECHO, -1, 1, 0);
    int rc = procspawn_init(0, NULL);
    EXPECT(rc == 0, "a copy cannot init: %s", forkscope_strerror(rc));
    EXPECT(procspawn(work, argument, &handle) == 0, "a copy cannot call");
    EXPECT(procspawn_join(handle, NULL, NULL) == 0, "a copy's call fails");
    procspawn_handle_free(handle);
    json_decref(argument);
    EXPECT(procspawn_fini() == 0, "a copy cannot end");
}

static __attribute__((noreturn)) void be_copy(struct actor *actor, bool anew)
{
    procspawn_handle *handle;
    procspawn_pool *pool;
    scoped_spawner stale = { 1, 1 };
    faults_set((struct faults){ 0 }, 0);
    alarm((unsigned)run_patience());
    EXPECT(procspawn(work, NULL, &handle) == PROCSPAWN_ENOTINIT, "a copy calls");
    EXPECT(procspawn_pool_new(1, &pool) == PROCSPAWN_ENOTINIT, "a copy has a pool");
    EXPECT(scoped_procspawn(stale, NULL, work, NULL, NULL) < 0, "a copy calls in a scope");
    for (int i = 0; i < HELD_CALLS; i++) {
        if (actor->held[i].handle != NULL)
            check_handle(actor->held[i].handle);
    }
    for (int i = 0; i < SHARED_POOLS; i++) {
        if (shared_pools[i].pool != NULL)
            check_pool(shared_pools[i].pool);
    }
    EXPECT(procspawn_fini() == PROCSPAWN_ENOTINIT, "a copy ends what is not its own");
    if (anew)
        begin_anew();
    _exit(0);
}

/*
 * The allocator of the address sanitizer does not release its locks in a copy: one that another
 * thread held at the fork blocks the copy for ever, without any fault of the library. So there are
 * no copies under it; they run plain and under the thread sanitizer.
 */
static bool copies_can_allocate(void)
{
#ifdef __SANITIZE_ADDRESS__
    return false;
#else
    return true;
#endif
}

void copies_act(struct actor *actor)
{
    int status = 0;
    bool anew = dice_one_in(&actor->dice, 4) && !weather_is_short();
    if (!board->weather.copies || !copies_can_allocate())
        return;
    atomic_fetch_add(&board->copies, 1);
    pid_t pid = fork();
    if (pid == 0)
        be_copy(actor, anew);
    EXPECT(pid > 0 || weather_is_short(), "no fork");
    if (pid < 0)
        return;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    EXPECT(status == 0, "a copy ended with status %#x", (unsigned)status);
}
