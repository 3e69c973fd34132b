/*
 * act.c - the table of acts, and how an act's process ends
 */
#include "tests/hostile/act.h"

#include "src/base/clock.h"
#include "tests/hostile/settings.h"
#include "tests/hostile/rights.h"
#include "tests/hostile/raw.h"
#include <forkscope/procspawn.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct act *const tables[] = {
    act_of_messages, act_of_links, act_of_descriptors, act_of_processes, act_of_signals,
    act_of_state, act_of_crashes, act_of_payloads, act_of_privileges, act_of_nested,
    act_of_beside,
};

enum { TABLES = sizeof tables / sizeof tables[0], PRIVATE_USERS = 60000, OTHERS_USERS = 65534 };

static json_t *result_set;
static unsigned depth;
static enum act_manner manner;
static pid_t parent, server;

const struct act *act_at(unsigned number)
{
    for (unsigned t = 0; t < TABLES; t++) {
        for (const struct act *act = tables[t]; act->name; act++) {
            if (number-- == 0)
                return act;
        }
    }
    return NULL;
}

unsigned act_count(void)
{
    static unsigned count;

    while (count == 0 || act_at(count))
        count++;
    return count;
}

/* HOSTILE_ACTS: names, separated by commas. */
static bool is_selected(const struct act *act)
{
    const char *list = getenv("HOSTILE_ACTS");
    size_t length = strlen(act->name);

    if (!list || !*list)
        return !act->off;
    for (const char *at = strstr(list, act->name); at; at = strstr(at + 1, act->name)) {
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

unsigned act_draw(struct random *random)
{
    enum { TRIES = 100000 };

    for (int i = 0; i < TRIES; i++) {
        unsigned number = random_below(random, act_count());
        if (is_selected(act_at(number)))
            return number;
    }
    abort();
}

json_t *act_argument(struct random *random, unsigned act, enum act_manner how, unsigned below,
                     const procspawn_sender *sender)
{
    json_int_t seed = (json_int_t)(random_draw(random) >> 1);
    json_t *argument = json_pack("{s:I, s:i, s:i, s:i}", "seed", seed, "act", (int)act,
                                 "manner", (int)how, "depth", (int)below);

    if (sender)
        json_object_set_new(argument, "sender", procspawn_value_sender(sender));
    return argument;
}

/* ---- in the child ---- */

void act_set_result(json_t *result)
{
    json_decref(result_set);
    result_set = result;
}

unsigned act_depth(void)
{
    return depth;
}

enum act_manner act_manner(void)
{
    return manner;
}

void act_hang(void)
{
    for (;;)
        pause();
}

void act_pause(struct random *random, unsigned most_ms)
{
    poll(NULL, 0, (int)random_below(random, most_ms + 1));
}

pid_t act_fork(struct random *random, void (*life)(struct random *random))
{
    struct random other = { random_draw(random) };
    pid_t self = getpid(), pid = fork();

    if (pid == 0) {
        parent = self;
        life(&other);
        _exit(0);
    }
    return pid < 0 ? 0 : pid;
}

pid_t act_parent(void)
{
    return parent;
}

pid_t act_server(void)
{
    return server;
}

static bool may_play(const struct act *act)
{
    if ((act->flags & ACT_ALIEN) && !settings->aliens)
        return false;
    if ((act->flags & (ACT_ANSWERS | ACT_OWN_USER)) && manner == ACT_BESIDE_INNOCENTS)
        return false;
    return !(act->flags & ACT_OWN_USER) ||
           (geteuid() >= PRIVATE_USERS && geteuid() < OTHERS_USERS);
}

static void run(struct random *random, unsigned number)
{
    const struct act *act = act_at(number);

    if (may_play(act))
        act->run(random);
}

/* ---- its end ---- */

static json_t *end_null(struct random *random)
{
    (void)random;
    return json_null();
}

static json_t *end_hanging(struct random *random)
{
    (void)random;
    act_hang();
}

static json_t *end_deaf(struct random *random)
{
    (void)random;
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_IGN);
    act_hang();
}

static json_t *end_slowly(struct random *random)
{
    act_pause(random, 50);
    return json_integer((json_int_t)random_draw(random));
}

static json_t *end_by_exit(struct random *random)
{
    _exit((int)random_below(random, 256));
}

static json_t *end_by_signal(struct random *random)
{
    raise(1 + (int)random_below(random, 31));
    act_hang();
}

static json_t *end_by_panic(struct random *random)
{
    procspawn_panic("\033[2J %llu \001\r\n%%s%%n", (unsigned long long)random_draw(random));
}

/* A right answer, and no end. */
static json_t *end_answered(struct random *random)
{
    raw_result(raw_channel(), "true", 4, false, NULL, 0);
    return end_hanging(random);
}

static json_t *end_without(struct random *random)
{
    (void)random;
    return NULL;
}

static json_t *end_as_drawn(struct random *random)
{
    typedef json_t *end(struct random *random);
    static end *const never[] = { end_hanging, end_deaf, end_by_exit, end_by_signal, end_by_panic };
    static end *const any[] = { end_null, end_slowly, end_without, end_answered, end_null,
                                end_hanging, end_deaf, end_by_exit, end_by_signal, end_by_panic };

    if (manner == ACT_BESIDE_INNOCENTS)
        return never[random_below(random, 5)](random);
    return any[random_below(random, 10)](random);
}

static void take_arguments(const json_t *argument)
{
    procspawn_sender *sender;

    manner = (enum act_manner)json_integer_value(json_object_get(argument, "manner"));
    depth = (unsigned)json_integer_value(json_object_get(argument, "depth"));
    raw_sender = -1;
    if (procspawn_value_claim_sender(json_object_get(argument, "sender"), &sender) == 0)
        raw_sender = procspawn_sender_fd(sender);
}

/* What this process has too much; NULL: nothing. Once in each process: earlier calls of a pool may
 * have changed it. */
static const char *look_at_rights(void)
{
    static bool looked;
    const char *excess = looked ? NULL : rights_excess();

    if (!looked && !excess && depth == 0)
        excess = rights_excess_of_descriptors();
    looked = true;
    return excess;
}

/* The program hears it as the result; a hostile function above may not pass it on. */
static json_t *tell_excess(const char *excess)
{
    if (depth > 0)
        rights_show("a hostile function has %s", excess);
    return json_pack("{s:s}", ACT_EXCESS, excess);
}

json_t *act_function(json_t *argument)
{
    struct random random = { (uint64_t)json_integer_value(json_object_get(argument, "seed")) };

    server = getppid();
    take_arguments(argument);
    const char *excess = look_at_rights();
    if (excess)
        return tell_excess(excess);
    result_set = NULL;
    run(&random, (unsigned)json_integer_value(json_object_get(argument, "act")));
    while (random_one_in(&random, 3))
        run(&random, act_draw(&random));
    if (result_set && manner == ACT_ENDS_ANYHOW)
        return result_set;
    return end_as_drawn(&random);
}
