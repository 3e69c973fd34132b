/*
 * processes_board.c - the shared memory of a round: what its threads do, and the families of its
 * calls
 */
#include "tests/random/processes.h"

#include "tests/random/run.h"
#include "tests/random/watch.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FAMILIES = 4096, MEMBERS = 24 };

struct member {
    _Atomic pid_t pid;    /* -1: being entered */
    _Atomic int64_t born; /* by the kernel's account; 0: not known */
};

struct family {
    atomic_bool taken;
    struct member members[MEMBERS];
};

struct board *board;
static struct family *families;
static __thread struct doing *own;
static uint64_t round_seed;

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

void board_open(void)
{
    board = share(sizeof *board);
    families = share(FAMILIES * sizeof *families);
}

void board_begin(uint64_t seed)
{
    round_seed = seed;
    board->server_killed = 0;
    board->root_killed = false;
    memset(board->doing, 0, sizeof board->doing);
    memset(families, 0, FAMILIES * sizeof *families);
}

/* ---- what threads do ---- */

void board_thread(int number)
{
    own = &board->doing[number];
    own->task = (int)syscall(SYS_gettid);
}

int64_t board_enter(const char *what)
{
    int64_t begun = base__now();
    atomic_fetch_add(&board->operations, 1);
    if (own != NULL) {
        own->what = what;
        own->begun = begun;
    }
    faults_spare(false);
    return begun;
}

void board_leave(int64_t begun, int64_t allowed, const char *what)
{
    int64_t took = base__now() - begun;
    faults_spare(true);
    if (own != NULL)
        own->begun = 0;
    EXPECT(allowed < 0 || took < allowed + run_slack(), "%s took %" PRId64 " ms of %" PRId64, what,
           took / MS, allowed / MS);
}

static void report_weather(const struct weather *now)
{
    fprintf(stderr, "weather:%s%s%s%s%s%s%s, one in %u %u %u %u refused or late%s%s\n",
            now->strikes ? " strikes" : "", now->stops ? " stops" : "",
            now->server_kills ? " kills of servers" : "", now->root_kill ? " kill of the root" : "",
            now->few_descriptors ? " few descriptors" : "",
            now->few_processes ? " few processes" : "", now->copies ? " copies" : "",
            now->faults.memory, now->faults.threads, now->faults.descriptors, now->faults.late,
            board->root_killed ? ", the root is killed" : "", board->is_over ? ", after fini" : "");
}

void board_report(void)
{
    report_weather(&board->weather);
    fprintf(stderr, "RANDOM_HALF=processes RANDOM_SEED=%#" PRIx64 " begins with this round\n",
            round_seed);
    for (int i = 0; i < THREADS + 2; i++) {
        const struct doing *doing = &board->doing[i];
        if (doing->begun != 0)
            fprintf(stderr, "thread %d: %s for %" PRId64 " ms\n", i, doing->what,
                    (base__now() - doing->begun) / MS);
    }
}

void board_failed(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pid_t first = 0;
    if (!atomic_compare_exchange_strong(&board->failed, &first, getpid())) {
        while (first == getpid())
            pause();
        kill(getpid(), SIGKILL);
    }
    fprintf(stderr, "\n%s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    board_report();
    watch_print_threads();
    kill(getpid(), SIGKILL);
    _exit(1);
}

/* ---- families ---- */

/* Field 22 of its line; the name before may contain anything. 0: not known; -1: no such process. */
static int64_t birth(pid_t pid)
{
    char path[32], line[512];
    long long born = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT || errno == ESRCH ? -1 : 0;
    size_t size = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[size] = '\0';
    char *rest = strrchr(line, ')');
    if (rest == NULL)
        return -1;
    for (int field = 2; field < 22 && rest != NULL; field++)
        rest = strchr(rest + 1, ' ');
    if (rest == NULL || sscanf(rest, "%lld", &born) != 1)
        return 0;
    return born;
}

/* Not when its number has been given to another: a family whose birth is not known is let go. */
static bool lives(const struct member *member)
{
    pid_t pid = member->pid;
    if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
        return false;
    return member->born > 0 && birth(pid) == member->born;
}

int family_new(void)
{
    for (int i = 0; i < FAMILIES; i++) {
        if (!atomic_exchange(&families[i].taken, true))
            return i;
    }
    return -1;
}

void family_enter(int family)
{
    if (family < 0)
        return;
    for (int i = 0; i < MEMBERS; i++) {
        struct member *member = &families[family].members[i];
        pid_t pid = member->pid;
        if (pid == getpid())
            return;
        if (pid < 0 || (pid > 0 && lives(member)) ||
            !atomic_compare_exchange_strong(&member->pid, &pid, -1))
            continue;
        member->born = birth(getpid());
        member->pid = getpid();
        return;
    }
}

void family_forget(int family)
{
    if (family < 0)
        return;
    for (int i = 0; i < MEMBERS; i++)
        families[family].members[i].pid = 0;
    families[family].taken = false;
}

static pid_t first_alive(int family)
{
    for (int i = 0; family >= 0 && i < MEMBERS; i++) {
        if (lives(&families[family].members[i]))
            return families[family].members[i].pid;
    }
    return 0;
}

bool family_lives(int family)
{
    return first_alive(family) > 0;
}

void describe_process(pid_t pid)
{
    char path[32], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    for (int i = 0; i < 8 && file != NULL && fgets(line, sizeof line, file) != NULL; i++)
        fputs(line, stderr);
    if (file != NULL)
        fclose(file);
}

void describe_descriptors(void)
{
    char path[32], name[256];
    for (int fd = 3; fd < 1024; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t size = readlink(path, name, sizeof name);
        if (size > 0)
            fprintf(stderr, "descriptor %d is %.*s\n", fd, (int)size, name);
    }
}

static void outlived(pid_t pid, const char *what)
{
    describe_process(pid);
    EXPECT(false, "process %d outlives %s", (int)pid, what);
}

void family_check_gone(int family, const char *after)
{
    pid_t pid = first_alive(family);
    if (pid > 0)
        outlived(pid, after);
    family_forget(family);
}

void family_check_all_gone(const char *after, int64_t patience)
{
    int64_t late = base__deadline(patience);
    for (int i = 0; i < FAMILIES; i++) {
        while (families[i].taken && first_alive(i) > 0 && base__now() < late)
            poll(NULL, 0, 1);
        if (families[i].taken)
            family_check_gone(i, after);
    }
}
