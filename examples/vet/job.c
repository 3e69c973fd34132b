#include "examples/vet/job.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Walking is so much quicker than parsing that more would only disturb. */
#define WALKERS_MAX 2

/* Tasks of one kind. */
struct crew {
    struct scoped_done_receiver **receivers;
    size_t count;
};

struct crews {
    struct crew walkers;
    struct crew callers;
};

int job_init(struct job *job, const struct options *options, struct report *report)
{
    job->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (job->done_fd < 0)
        return -errno;
    job->options = options;
    paths_init(&job->paths);
    job->walk = (struct walk) { .options = options, .paths = &job->paths, .report = report };
    flight_init(&job->flight);
    job->calls = (struct calls) { options, &job->paths, report, &job->flight };
    return 0;
}

void job_fini(struct job *job)
{
    flight_fini(&job->flight);
    paths_fini(&job->paths);
    close(job->done_fd);
}

static void free_crew(struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++)
        scoped_done_receiver_free(crew->receivers[i]);
    free(crew->receivers);
}

static void free_crews(void *arg)
{
    struct crews *crews = arg;
    free_crew(&crews->walkers);
    free_crew(&crews->callers);
}

static int start(scoped_spawner self, size_t count, scoped_leaf_function *function, void *arg,
                 struct crew *crew)
{
    crew->receivers = calloc(count, sizeof *crew->receivers);
    if (!crew->receivers)
        return -ENOMEM;
    while (crew->count < count) {
        struct scoped_parent_signals signals;
        int code = scoped_spawn_leaf_with_signal(self, function, arg, NULL, &signals);
        if (code < 0)
            return code;
        scoped_cancel_sender_forget(signals.cancel_sender);
        crew->receivers[crew->count++] = signals.done_receiver;
    }
    return 0;
}

/* Waits for all and returns the first failure. */
static int wait_for(const struct crew *crew)
{
    int first = 0;
    for (size_t i = 0; i < crew->count; i++) {
        int code = scoped_done_receiver_wait(crew->receivers[i]);
        if (code == 0)
            scoped_done_receiver_status(crew->receivers[i], &code);
        if (first == 0)
            first = code;
    }
    return first;
}

/* Returning early is fine: that cancels whoever has been started. */
static int run(scoped_spawner self, struct job *job, struct crews *crews)
{
    size_t walkers = job->options->count < WALKERS_MAX ? job->options->count : WALKERS_MAX;
    int code = start(self, (size_t)job->options->jobs, calls_run, &job->calls, &crews->callers);
    if (code == 0)
        code = start(self, walkers, walk_run, &job->walk, &crews->walkers);
    if (code < 0)
        return code;
    int walked = wait_for(&crews->walkers);
    paths_close(&job->paths);
    int called = wait_for(&crews->callers);
    return called < 0 ? called : walked;
}

int job_run(scoped_spawner self, void *arg)
{
    struct crews crews = { { NULL, 0 }, { NULL, 0 } };
    int code;
    pthread_cleanup_push(free_crews, &crews);
    code = run(self, arg, &crews);
    pthread_cleanup_pop(1);
    return code;
}

void job_done(void *arg)
{
    struct job *job = arg;
    eventfd_write(job->done_fd, 1);
}
