/*
 * hostile.c - functions that try to do harm, beside calls that must not be affected
 *
 * A program (program.c) calls hostile functions in children without rights: act.c lists what they
 * do, attack.c calls and ends them. Other threads of it make innocent calls (innocent.c). Every few
 * seconds it pauses, and its processes, descriptors, threads and memory must be as before
 * (quiet.c). This process watches what each thread does and since when: a hang is reported with the
 * act that led to it. It also looks at the rights of hostile processes (watch.c). What such a
 * process says itself is no evidence.
 *
 * HOSTILE_SECONDS is the length of a run. HOSTILE_SEED repeats its decisions, but not their timing.
 * HOSTILE_ACTS=name,name runs only these acts. HOSTILE_PAUSE keeps a hanging program for that many
 * seconds, for a debugger.
 *
 * As root, the hostile functions run as other users and do to all processes of these users what the
 * kernel permits. As another user they run as that user and do not touch its other processes, which
 * they could end by kill(2).
 */
#include "src/base/clock.h"
#include "tests/support/process_list.h"
#include "tests/hostile/act.h"
#include "tests/hostile/kin.h"
#include "tests/hostile/ledger.h"
#include "tests/hostile/program.h"
#include "tests/hostile/watch.h"

#include <forkscope/error.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

static const char inside[] = "HOSTILE_INSIDE";

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t some_seed(void)
{
    uint32_t seed = 0;
    return getrandom(&seed, sizeof seed, 0) == sizeof seed ? seed : (uint32_t)base__now();
}

/* ---- hangs ---- */

static const struct slot *find_hang(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        const struct slot *slot = &ledger->slots[i];
        int64_t begun = __atomic_load_n(&slot->begun, __ATOMIC_ACQUIRE);
        if (begun > 0 && base__now() - begun > slot->allowed + TIMED_HANGS)
            return slot;
    }
    return NULL;
}

static void print_slots(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        const struct slot *slot = &ledger->slots[i];
        if (slot->begun > 0)
            printf("  thread %u: %s, for %.1f s\n", i, slot->what,
                   (double)(base__now() - slot->begun) / BASE_SECOND);
    }
}

static void print_kin(void)
{
    static struct kin_list list;

    kin_below(getpid(), &list);
    for (unsigned i = 0; i < list.count; i++)
        kin_print(&list.kin[i]);
}

static void tell_hang(const struct slot *slot)
{
    ledger_wrong(CLAIM_ENDS, "this hangs: %.150s", slot->what);
    printf("What each thread does, and all processes:\n");
    print_slots();
    print_kin();
    fflush(stdout);
    poll(NULL, 0, (int)number_from("HOSTILE_PAUSE", 0) * 1000);
}

/* Its status; -1: it was killed for a hang. */
static int look_on(pid_t program, int64_t until)
{
    int status;

    while (waitpid(program, &status, WNOHANG) == 0) {
        const struct slot *slot = find_hang();
        if (slot) {
            tell_hang(slot);
            kill(program, SIGKILL);
            waitpid(program, &status, 0);
            return -1;
        }
        if (base__now() >= until)
            __atomic_store_n(&ledger->stop, true, __ATOMIC_RELEASE);
        watch_rights();
        poll(NULL, 0, 20);
    }
    return status;
}

/* ---- the outcome ---- */

static void print_acts(void)
{
    for (unsigned i = 0; i < act_count(); i++)
        printf("%s%s %" PRIu64, i % 5 ? ", " : i ? "\n" : "", act_at(i)->name, ledger->acts[i]);
    printf("\n");
}

static void print_endings(void)
{
    printf("rounds %u; looks at rights %" PRIu64 "; hostile calls: refused %" PRIu64
           ", result %" PRIu64,
           ledger->rounds, ledger->rights_checks, ledger->refused, ledger->results);
    for (unsigned i = 0; i < KINDS; i++) {
        if (ledger->failures[i] > 0)
            printf(", %s %" PRIu64, procspawn_error_kind_name((enum procspawn_error_kind)i),
                   ledger->failures[i]);
    }
    printf("\n");
}

static void print_worst(void)
{
    for (unsigned i = 0; i < TIMED_KINDS; i++) {
        const struct worst *worst = &ledger->worst[i];
        if (worst->count > 0)
            printf("%-24s %7" PRIu64 ", worst %8.1f ms%s%s\n", timed_names[i], worst->count,
                   (double)worst->over / MS, i < TIMED_INNOCENTS ? "" : ": ",
                   i < TIMED_INNOCENTS ? "" : worst->what);
    }
}

static void print_wrongs(void)
{
    for (unsigned i = 0; i < ledger->told && i < WRONGS; i++)
        printf("wrong: %s\n", ledger->wrongs[i]);
}

static int say(bool holds, const char *what)
{
    printf("%-6s hostile/%s\n", holds ? "ok" : "FAILED", what);
    return !holds;
}

static int judge(int status, unsigned left)
{
    int failed = 0;

    print_acts();
    print_endings();
    print_worst();
    print_wrongs();
    failed += say(ledger->wrong[CLAIM_INNOCENT] == 0 && ledger->worst[TIMED_CALL].count > 0,
                  "innocent_calls_are_right_and_in_time");
    failed += say(ledger->wrong[CLAIM_ENDS] == 0 && ledger->worst[TIMED_ENDING].count > 0,
                  "hostile_calls_end_in_time");
    failed += say(ledger->wrong[CLAIM_RIGHTS] == 0 && ledger->rights_checks > 0,
                  "rights_are_never_widened");
    failed += say(ledger->wrong[CLAIM_QUIET] == 0 && ledger->rounds > 1,
                  "nothing_is_kept_at_quiet_points");
    failed += say(ledger->wrong[CLAIM_ORDER] == 0 && status == 0, "the_program_ends_in_order");
    failed += say(left == 0, "nothing_is_left");
    printf("%d passed, %d failed\n", 6 - failed, failed);
    return failed > 0;
}

int main(void)
{
    uint64_t seed = number_from("HOSTILE_SEED", some_seed());
    int64_t length = (int64_t)number_from("HOSTILE_SECONDS", 12) * BASE_SECOND;

    /* A hostile function may execute this program. */
    if (getenv(inside))
        return 0;
    setenv(inside, "1", 1);
    printf("HOSTILE_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    ledger_open();
    watch_open(settings_open(seed));
    pid_t program = fork();
    if (program == 0) {
        settings_fix();
        _exit(program_run(seed));
    }
    int status = look_on(program, base__now() + length);
    unsigned left = children_left_behind();
    watch_close();
    return judge(status, left);
}
