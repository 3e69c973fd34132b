/*
 * call.c - starts, joins and ends a hostile call
 */
#include "tests/hostile/call.h"

#include "src/base/clock.h"
#include "tests/hostile/mark.h"
#include "tests/hostile/use.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A process that has answered and stays is killed after this time. */
static const int64_t after_answer = 2 * BASE_SECOND;

int64_t call_deadline(struct random *random)
{
    return (1 + (int64_t)random_length(random, 300)) * MS;
}

/* The last one is also used by others on the machine. */
uid_t call_user(struct random *random)
{
    static const uid_t users[] = { 61101, 61102, 61103, 65534 };

    return users[random_below(random, 4)];
}

procspawn_builder *call_builder(struct random *random, int64_t deadline)
{
    procspawn_builder *builder = procspawn_builder_new();
    uid_t user = call_user(random);

    mark_builder(builder);
    procspawn_builder_total_limit(builder, deadline);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_may_spawn(builder, !random_one_in(random, 8));
    if (settings->aliens) {
        procspawn_builder_uid(builder, user);
        procspawn_builder_gid(builder, user);
    }
    return builder;
}

json_t *call_argument(struct random *random, struct call *call, enum act_manner manner,
                      const procspawn_sender *sender)
{
    call->act = act_draw(random);
    ledger_add(&ledger->acts[call->act]);
    return act_argument(random, call->act, manner, 0, sender);
}

bool call_started(struct call *call, int rc, int64_t deadline)
{
    if (rc == -ETIMEDOUT) {
        ledger_add(&ledger->refused);
        return false;
    }
    if (rc < 0) {
        ledger_wrong(CLAIM_ENDS, "a call of %s is refused: %s", act_at(call->act)->name,
                     forkscope_strerror(rc));
        return false;
    }
    call->ends_at = base__deadline(deadline);
    pid_t pid = procspawn_pid(call->handle);
    call->pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (pid > 0)
        ledger_saw(pid, call->act);
    call->ended = false;
    return true;
}

bool call_start(struct random *random, struct call *call, const procspawn_sender *sender)
{
    int64_t deadline = call_deadline(random);
    procspawn_builder *builder = call_builder(random, deadline);

    json_t *argument = call_argument(random, call, ACT_ENDS_ANYHOW, sender);
    timed_begin(0, "the start of %s", act_at(call->act)->name);
    int rc = procspawn_builder_spawn(builder, act_function, argument, &call->handle);
    timed_end(TIMED_SPAWN);
    json_decref(argument);
    procspawn_builder_free(builder);
    return call_started(call, rc, deadline);
}

/* ---- its end ---- */

static void note_outcome(int rc, const json_t *result, const procspawn_error *error)
{
    const json_t *excess = json_object_get(result, ACT_EXCESS);

    if (rc == 0)
        ledger_add(&ledger->results);
    else
        ledger_add(&ledger->failures[procspawn_error_kind(error) % KINDS]);
    if (excess)
        ledger_wrong(CLAIM_RIGHTS, "a hostile function has %.150s", json_string_value(excess));
}

void call_join(struct random *random, struct call *call, int64_t timeout, enum timed timed)
{
    procspawn_error *error = NULL;
    json_t *result = NULL;

    timed_begin(timeout, "join of %s within %d ms", act_at(call->act)->name, (int)(timeout / MS));
    int rc = procspawn_join_timeout(call->handle, timeout, &result, &error);
    timed_end(timed);
    call->ended = rc == 0 || rc == PROCSPAWN_ECALL;
    if (call->ended)
        note_outcome(rc, result, error);
    else if (rc != -ETIMEDOUT)
        ledger_wrong(CLAIM_ENDS, "join of %s: %s", act_at(call->act)->name,
                     forkscope_strerror(rc));
    use_value(random, result, act_at(call->act)->name);
    json_decref(result);
    procspawn_error_free(error);
}

void call_join_to_end(struct random *random, struct call *call, enum timed timed)
{
    int64_t give_up_at = call->ends_at + 2 * TIMED_LATE, starved = timed_starved();

    while (!call->ended && base__now() < give_up_at)
        call_join(random, call, (int64_t)random_length(random, 200) * MS, timed);
    timed_note(TIMED_ENDING, base__now() - call->ends_at, timed_starved() - starved, "%s%s",
               act_at(call->act)->name, call->ended ? "" : ", which has not ended");
    if (!call->ended)
        call_end(call, SIGKILL, 0);
}

static bool is_dead(int pidfd, int patience_ms)
{
    struct pollfd dead = { .fd = pidfd, .events = POLLIN };

    return pidfd < 0 || poll(&dead, 1, patience_ms) == 1;
}

/* Of one that shut its own channel down the death is not told; it is killed. */
static int wait_for_process(struct call *call, int64_t timeout)
{
    int rc = procspawn_wait_timeout(call->handle, timeout, NULL);

    if (rc == PROCSPAWN_ESERVER && is_dead(call->pidfd, (int)(2 * TIMED_LATE / MS)))
        return 0;
    return rc;
}

void call_wait(struct call *call)
{
    const char *name = act_at(call->act)->name;
    int64_t left = call->ends_at - base__now();
    int64_t allowed = (left > 0 ? left : 0) + after_answer;
    int pid = procspawn_pid(call->handle);

    timed_begin(allowed, "wait for the end of %s", name);
    int rc = wait_for_process(call, allowed + 2 * TIMED_LATE);
    timed_end(TIMED_WAIT);
    if (rc < 0)
        ledger_wrong(CLAIM_ENDS, "wait for %s, process %d: %s", name, pid, forkscope_strerror(rc));
    else if (!is_dead(call->pidfd, 0))
        ledger_wrong(CLAIM_ENDS, "%s was waited for, and process %d is there", name, pid);
}

void call_end(struct call *call, int signal, int64_t grace)
{
    int64_t by = base__deadline(grace);

    timed_begin(0, "kill of %s", act_at(call->act)->name);
    int rc = procspawn_terminate(call->handle, signal, grace);
    timed_end(TIMED_KILL);
    if (by < call->ends_at)
        call->ends_at = by;
    if (rc < 0)
        ledger_wrong(CLAIM_ENDS, "kill of %s: %s", act_at(call->act)->name,
                     forkscope_strerror(rc));
}

void call_free(struct call *call)
{
    timed_begin(0, "free of %s", act_at(call->act)->name);
    procspawn_handle_free(call->handle);
    timed_end(TIMED_FREE);
    if (call->pidfd >= 0)
        close(call->pidfd);
}
