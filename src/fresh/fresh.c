/*
 * fresh.c - the steps of a snapshot and of a reset
 */
#include "src/fresh/fresh.h"

#include "src/fresh/advice.h"
#include "src/fresh/area.h"
#include "src/fresh/descriptors.h"
#include "src/fresh/kinds.h"
#include "src/fresh/mappings.h"
#include "src/fresh/memory.h"
#include "src/fresh/raw.h"
#include "src/fresh/spaces.h"
#include "src/fresh/status.h"
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

/* Part of the snapshot: it has these values before each call. */
static struct {
    bool opened, ready;
    struct fresh__files files;
    struct fresh__area area;
    char space[FRESH__SPACES][FRESH__SPACE];    /* namespaces at the start */
} fresh;

enum { SIGSET = 8, HIGH = 40 };     /* files lie behind the numbers that programs use */

/* ---- the files ---- */

static int move_up(long fd)
{
    if (fd < 0)
        return -1;
    long high = fresh__call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH);
    fresh__call(SYS_close, fd);
    return (int)high;
}

static int open_file(const char *path, int flags)
{
    return move_up(fresh__call(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC));
}

void procspawn__fresh_open(void)
{
    if (fresh.opened)
        return;
    fresh.opened = true;
    fresh.files = (struct fresh__files){
        .maps = open_file("/proc/self/maps", O_RDONLY),
        .pagemap = open_file("/proc/self/pagemap", O_RDONLY),
        .status = open_file("/proc/self/status", O_RDONLY),
        .fds = open_file("/proc/self/fd", O_RDONLY | O_DIRECTORY),
        .spaces = open_file("/proc/self/ns", O_RDONLY | O_DIRECTORY),
        .server = move_up(fresh__call(SYS_pidfd_open, getppid(), 0)),
        .timers = open_file("/proc/self/timers", O_RDONLY),
        .advice = open_file("/proc/self/smaps", O_RDONLY),
        .infos = open_file("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY),
        .cwd = -1,
        .snapshot = -1,
    };
    fresh__spaces_read(fresh.files.spaces, fresh.space);
}

static bool have_files(struct fresh__saved *saved)
{
    saved->files = fresh.files;
    saved->files.cwd = open_file(".", O_PATH | O_DIRECTORY);
    saved->files.snapshot =
        move_up(fresh__call(SYS_memfd_create, "forkscope-fresh", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    return saved->files.maps >= 0 && saved->files.pagemap >= 0 && saved->files.status >= 0 &&
           saved->files.fds >= 0 && saved->files.spaces >= 0 && saved->files.cwd >= 0 &&
           saved->files.snapshot >= 0 && saved->files.advice >= 0;
}

/* ---- the snapshot ---- */

/* glibc registers the main thread. Without its symbols nothing is registered. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned __rseq_size __attribute__((weak));

static struct fresh__range find_rseq(void)
{
    enum { LEAST = 32 };

    if (!&__rseq_offset || !&__rseq_size || __rseq_size == 0)
        return (struct fresh__range){ 0, 0 };
    uintptr_t start = (uintptr_t)((char *)__builtin_thread_pointer() + __rseq_offset);
    return (struct fresh__range){ start, start + (__rseq_size > LEAST ? __rseq_size : LEAST) };
}

/* The amounts of memory are those after the area was protected. */
static int save_status(const struct fresh__area *area)
{
    int rc = fresh__area_protect(area);
    if (rc < 0)
        return rc;
    long length = fresh__status_read(area->saved, area->work->status);
    if (length <= 0)
        return -1;
    rc = fresh__area_open(area);
    if (rc < 0)
        return rc;
    fresh__copy(area->saved->status, area->work->status, (size_t)length);
    area->saved->status_length = (size_t)length;
    return fresh__area_protect(area);
}

static bool can_read_segments(void)
{
#if defined(__x86_64__)
    enum { FSGSBASE = 1 << 1 };
    return getauxval(AT_HWCAP2) & FSGSBASE;
#else
    return false;
#endif
}

static const char *take(struct fresh__saved *saved, struct fresh__work *work)
{
    if (!have_files(saved))
        return "a file of /proc, or memory for the snapshot";
    if (fresh__advice_read(saved, work) < 0)
        return "advice for mappings";
    saved->reads_segments = can_read_segments();
    const char *obstacle = fresh__kinds_save(saved, work);
    if (obstacle)
        return obstacle;
    if (!fresh__descriptors_save(saved, work))
        return "open descriptors";
    return fresh__memory_save(saved, work);
}

/* ---- before the answer ---- */

/*
 * A handler of the program's that ran after this look could leave what it does not find. So signals
 * stay blocked until all is put back; but for crashes of the reset itself, and for SIGTERM if it
 * ends the process, which may take its time to send a long answer.
 */
static void block_signals(void)
{
    static const int let_in[] = { SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS };
    unsigned char action[FRESH__ACTION];
    uint64_t mask = ~0ULL;
    uintptr_t handler = 0;

    for (size_t i = 0; i < sizeof let_in / sizeof let_in[0]; i++)
        mask &= ~(1ULL << (let_in[i] - 1));
    fresh__call(SYS_rt_sigaction, SIGTERM, NULL, action, SIGSET);
    fresh__copy(&handler, action, sizeof handler);
    if (handler == (uintptr_t)SIG_DFL)
        mask &= ~(1ULL << (SIGTERM - 1));
    fresh__call(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, SIGSET);
}

static const char *look(const struct fresh__saved *saved, struct fresh__work *work)
{
    block_signals();
    fresh__clear(&work->found, sizeof work->found);
    const char *obstacle = fresh__kinds_look(saved, work);
    if (obstacle)
        return obstacle;
    if (!fresh__descriptors_look(saved, work))
        return "an open file";
    if (!work->found.mappings)
        return NULL;
    if (fresh__mappings_read(saved, work, &work->table) < 0 ||
        !fresh__mappings_reparable(saved, &work->table))
        return "mappings of code, constants or shared memory";
    return NULL;
}

const char *procspawn__fresh_look(void)
{
    if (!fresh.ready)
        return "there is no snapshot";
    return look(fresh.area.saved, fresh.area.work);
}

/* ---- after the answer ---- */

/* The memory comes last: the other steps may depend on what the call has left in it. */
bool procspawn__fresh_put_back(void)
{
    const struct fresh__saved *saved = fresh.area.saved;
    struct fresh__work *work = fresh.area.work;
    const uint64_t all = ~0ULL;

    fresh__call(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, SIGSET);
    if (fresh__kinds_put_back(saved, work) || !fresh__descriptors_put_back(saved, work) ||
        fresh__memory_put_back(saved, work) < 0)
        return false;
    fresh__memory_clear_frames(saved);
    return fresh__call(SYS_rt_sigprocmask, SIG_SETMASK, &saved->mask, NULL, SIGSET) == 0;
}

/* The first call starts as each other one does: from what was put back. */
const char *procspawn__fresh_take(const void *mark)
{
    const uint64_t all = ~0ULL;
    uint64_t mask;
    const char *obstacle = "memory for the snapshot";

    if (fresh__area_new(&fresh.area) < 0)
        return obstacle;
    struct fresh__saved *saved = fresh.area.saved;
    fresh__call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, SIGSET);
    saved->mask = mask;
    saved->mark = (uintptr_t)mark;
    saved->page = (uintptr_t)sysconf(_SC_PAGESIZE);
    saved->rseq = find_rseq();
    fresh__copy(saved->space_at_birth, fresh.space, sizeof fresh.space);
    fresh.ready = true;
    obstacle = take(saved, fresh.area.work);
    if (!obstacle && save_status(&fresh.area) < 0)
        obstacle = "the status of the process";
    if (!obstacle && !procspawn__fresh_put_back())
        obstacle = "state that cannot be put back";
    fresh.ready = obstacle == NULL;
    fresh__call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, SIGSET);
    return obstacle;
}

void procspawn__fresh_end(void)
{
    if (fresh.ready)
        fresh__descriptors_forget(fresh.area.saved);
    fresh.ready = false;
}
