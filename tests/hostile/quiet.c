/*
 * quiet.c - compares the program's resources with those of its first pause
 */
#include "tests/hostile/quiet.h"

#include "src/base/clock.h"
#include "tests/hostile/kin.h"
#include "tests/hostile/ledger.h"
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVERS = 8 };

struct server {
    pid_t pid;
    long descriptors;
    long resident;              /* KiB */
};

struct stock {
    long descriptors;
    long threads;
    long allocated;             /* KiB */
    long shared;
    long mappings;
    unsigned processes;
    unsigned servers;
    struct server server[SERVERS];
};

/* What may be more than at the first moment, for children ahead of need come and go. */
static const struct stock slack = {
    .descriptors = 64, .allocated = 4 << 10, .shared = 16 << 10, .mappings = 128, .processes = 32,
    .server = { { .descriptors = 128, .resident = 32 << 10 } },
};

static struct stock first;
static long descriptors_before;
static struct kin_list list;

void quiet_begin(void)
{
    descriptors_before = kin_entries(getpid(), "fd");
}

static void count_servers(struct stock *stock)
{
    const struct kin *root = kin_named(&list, "forkscope-root", 0);

    stock->servers = 0;
    for (unsigned i = 0; root && i < list.count && stock->servers < SERVERS; i++) {
        if (list.kin[i].parent != root->pid)
            continue;
        stock->server[stock->servers++] = (struct server){
            .pid = list.kin[i].pid,
            .descriptors = kin_entries(list.kin[i].pid, "fd"),
            .resident = kin_status(list.kin[i].pid, "RssAnon"),
        };
    }
}

/*
 * What is allocated and not freed. The resident memory says less: the C library keeps the free end
 * of a thread's arena, tens of MiB of it, and malloc_trim() returns only that of the main arena.
 */
static long count_allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return (long)((info.uordblks + info.hblkhd) >> 10);
}

static void take_stock(struct stock *ret_stock)
{
    kin_below(getppid(), &list);
    *ret_stock = (struct stock){
        .descriptors = kin_entries(getpid(), "fd"),
        .threads = kin_status(getpid(), "Threads"),
        .allocated = count_allocated(),
        .shared = kin_status(getpid(), "RssShmem"),
        .mappings = kin_lines(getpid(), "maps"),
        .processes = list.count,
    };
    count_servers(ret_stock);
}

void quiet_first(void)
{
    take_stock(&first);
    if (first.servers == 0)
        ledger_wrong(CLAIM_QUIET, "there is no server");
}

/* ---- what is not as it was; NULL: nothing ---- */

static char text[TEXT];

static const char *compare(const char *what, long now, long then, long more)
{
    if (now <= then + more)
        return NULL;
    snprintf(text, sizeof text, "%s: %ld, and %ld at first", what, now, then);
    return text;
}

static const char *find_process(void)
{
    for (unsigned i = 0; i < list.count; i++) {
        const struct kin *kin = &list.kin[i];
        if (kin->state != 'Z' && !kin_is_hostile(kin))
            continue;
        snprintf(text, sizeof text, "process %d (%s), state %c, child of %d", (int)kin->pid,
                 kin->name, kin->state, (int)kin->parent);
        return text;
    }
    return NULL;
}

static const char *compare_servers(const struct stock *now)
{
    const char *wrong = now->servers == first.servers ? NULL : "another number of servers";

    for (unsigned i = 0; i < now->servers && !wrong; i++) {
        const struct server *s = &now->server[i], *then = &first.server[i];
        if (s->pid != then->pid)
            wrong = "a server was replaced";
        if (!wrong)
            wrong = compare("descriptors of a server", s->descriptors, then->descriptors,
                            slack.server[0].descriptors);
        if (!wrong)
            wrong = compare("memory of a server", s->resident, then->resident,
                            slack.server[0].resident);
    }
    return wrong;
}

static const char *compare_stock(const struct stock *now)
{
    const char *wrong = compare("descriptors", now->descriptors, first.descriptors,
                                slack.descriptors);

    if (!wrong)
        wrong = compare("threads", now->threads, first.threads, 0);
    if (!wrong)
        wrong = compare("allocated memory in KiB", now->allocated, first.allocated,
                        slack.allocated);
    if (!wrong)
        wrong = compare("shared memory in KiB", now->shared, first.shared, slack.shared);
    if (!wrong)
        wrong = compare("mappings", now->mappings, first.mappings, slack.mappings);
    if (!wrong)
        wrong = compare("processes", now->processes, first.processes, slack.processes);
    return wrong ? wrong : compare_servers(now);
}

static const char *look(void)
{
    struct stock now;

    take_stock(&now);
    const char *wrong = find_process();
    if (!wrong && (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD))
        wrong = "the program has a child";
    return wrong ? wrong : compare_stock(&now);
}

/* Processes that have answered and stay have two seconds. */
void quiet_again(void)
{
    static const int64_t patience = 3 * BASE_SECOND;
    int64_t give_up_at = base__deadline(patience + TIMED_LATE);
    const char *wrong;

    timed_begin(patience, "quiet point %u", ledger->rounds);
    while ((wrong = look()) && base__now() < give_up_at)
        poll(NULL, 0, 20);
    timed_end(TIMED_QUIET);
    if (wrong)
        ledger_wrong(CLAIM_QUIET, "at a quiet point: %s", wrong);
}

static void tell_descriptors(void)
{
    char path[32], name[TEXT];

    ledger_wrong(CLAIM_QUIET, "at the end: %ld descriptors, and %ld before init",
                 kin_entries(getpid(), "fd"), descriptors_before);
    for (int fd = 3; fd < 1024; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, name, sizeof name - 1);
        if (n > 0)
            ledger_wrong(CLAIM_QUIET, "descriptor %d is %.*s", fd, (int)n, name);
    }
}

void quiet_end(void)
{
    kin_below(getppid(), &list);
    for (unsigned i = 0; i < list.count; i++) {
        if (list.kin[i].pid != getpid())
            ledger_wrong(CLAIM_QUIET, "at the end: process %d (%s)", (int)list.kin[i].pid,
                         list.kin[i].name);
    }
    if (kin_entries(getpid(), "fd") != descriptors_before)
        tell_descriptors();
    if (kin_status(getpid(), "Threads") != 1)
        ledger_wrong(CLAIM_QUIET, "at the end: %ld threads", kin_status(getpid(), "Threads"));
}
