/*
 * ledger.c - the memory of a run's findings, and how they are written into it
 */
#include "tests/hostile/ledger.h"

#include "src/base/clock.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct ledger *ledger;
static __thread struct slot *own;

const char *const timed_names[TIMED_KINDS] = {
    [TIMED_CALL] = "call",
    [TIMED_LONG_CALL] = "long call",
    [TIMED_NESTED_CALL] = "nested call",
    [TIMED_TYPED_CALL] = "typed call",
    [TIMED_SCOPE] = "scope of calls",
    [TIMED_POOL_CALL] = "pool call",
    [TIMED_CHANNEL] = "channel",
    [TIMED_SHMEM] = "shared buffer",
    [TIMED_STREAM] = "captured stream",
    [TIMED_DEADLINE] = "deadline",
    [TIMED_CRASH] = "crash report",
    [TIMED_MAP] = "map",
    [TIMED_SET] = "set",
    [TIMED_OUTPUT] = "captured output",
    [TIMED_MIXED_CALL] = "call in a mixed pool",
    [TIMED_SPAWN] = "start of a hostile call",
    [TIMED_JOIN] = "join of it",
    [TIMED_ENDING] = "its end",
    [TIMED_WAIT] = "wait for its process",
    [TIMED_KILL] = "kill of it",
    [TIMED_FREE] = "free of its handle",
    [TIMED_CLOSE] = "close of its scope",
    [TIMED_POOL_JOIN] = "join of it in a pool",
    [TIMED_POOL_END] = "end of that pool",
    [TIMED_RECEIVE] = "receipt from its channel",
    [TIMED_TAKE] = "use of what it gave",
    [TIMED_QUIET] = "quiet point",
    [TIMED_END] = "end of the library",
};

void ledger_open(void)
{
    void *memory = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                        -1, 0);

    if (memory == MAP_FAILED)
        abort();
    ledger = memory;
}

void ledger_keep_from_children(void)
{
    if (madvise(ledger, sizeof *ledger, MADV_DONTFORK) < 0)
        abort();
}

void ledger_add(uint64_t *count)
{
    __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

static bool is_known(const char *format)
{
    enum { ENOUGH = 3 };
    int count = 0;

    for (unsigned i = 0; i < WRONGS; i++)
        count += ledger->formats[i] == format;
    return count >= ENOUGH;
}

void ledger_wrong(enum claim claim, const char *format, ...)
{
    va_list arguments;

    ledger_add(&ledger->wrong[claim]);
    if (is_known(format))
        return;
    unsigned number = __atomic_fetch_add(&ledger->told, 1, __ATOMIC_RELAXED);
    if (number >= WRONGS)
        return;
    ledger->formats[number] = format;
    va_start(arguments, format);
    vsnprintf(ledger->wrongs[number], TEXT, format, arguments);
    va_end(arguments);
}

/* ---- timed operations ---- */

void ledger_use_slot(unsigned number)
{
    own = &ledger->slots[number % SLOTS];
}

/* Its second number; 0 where there is no such file. */
int64_t timed_starved(void)
{
    long long ran, waited = 0;
    FILE *file = fopen("/proc/thread-self/schedstat", "re");

    if (file && fscanf(file, "%lld %lld", &ran, &waited) != 2)
        waited = 0;
    if (file)
        fclose(file);
    return waited;
}

void timed_begin(int64_t allowed, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(own->what, TEXT, format, arguments);
    va_end(arguments);
    own->allowed = allowed;
    own->starved = timed_starved();
    __atomic_store_n(&own->begun, base__now(), __ATOMIC_RELEASE);
}

/* Two threads may be the worst at the same time: one of them is written down. */
static void note_worst(struct worst *worst, int64_t over, const char *what)
{
    ledger_add(&worst->count);
    int64_t known = __atomic_load_n(&worst->over, __ATOMIC_RELAXED);
    while (over > known) {
        if (!__atomic_compare_exchange_n(&worst->over, &known, over, false, __ATOMIC_RELAXED,
                                         __ATOMIC_RELAXED))
            continue;
        memcpy(worst->what, what, TEXT);
        return;
    }
}

static enum claim claim_of(enum timed timed)
{
    if (timed < TIMED_INNOCENTS)
        return CLAIM_INNOCENT;
    return timed == TIMED_QUIET ? CLAIM_QUIET : CLAIM_ENDS;
}

static void note(enum timed timed, int64_t over, int64_t starved, const char *what)
{
    note_worst(&ledger->worst[timed], over > 0 ? over : 0, what);
    if (over - starved > TIMED_LATE)
        ledger_wrong(claim_of(timed), "%s took %.1f s longer than it may: %.150s",
                     timed_names[timed], (double)over / BASE_SECOND, what);
}

void timed_end(enum timed timed)
{
    int64_t over = base__now() - own->begun - own->allowed;

    __atomic_store_n(&own->begun, 0, __ATOMIC_RELEASE);
    int64_t starved = over > TIMED_LATE ? timed_starved() - own->starved : 0;
    note(timed, over, starved, own->what);
}

void timed_note(enum timed timed, int64_t over, int64_t starved, const char *format, ...)
{
    char what[TEXT];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, TEXT, format, arguments);
    va_end(arguments);
    note(timed, over, starved, what);
}

/* ---- hostile processes ---- */

static struct seen *place_of(pid_t pid)
{
    return &ledger->seen[(unsigned)pid % SEEN];
}

void ledger_saw(pid_t pid, unsigned act)
{
    struct seen *seen = place_of(pid);

    __atomic_store_n(&seen->act, act, __ATOMIC_RELAXED);
    __atomic_store_n(&seen->pid, pid, __ATOMIC_RELEASE);
}

int ledger_act_of(pid_t pid)
{
    const struct seen *seen = place_of(pid);

    if (__atomic_load_n(&seen->pid, __ATOMIC_ACQUIRE) != pid)
        return -1;
    return (int)__atomic_load_n(&seen->act, __ATOMIC_RELAXED);
}
