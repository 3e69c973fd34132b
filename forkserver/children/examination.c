/*
 * examination.c - reads the record of a stopped child, and its stack; runs in the reporter
 */
#include "forkserver/children/examination.h"

#include "forkserver/process/daemonize.h"
#include "src/crash/handler.h"
#include "src/crash/unwind.h"
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/*
 * A stop counts only if the child's crash handler made it. The child itself reports a raised
 * failure: only its frames are missing.
 */
static bool read_record(const struct examination *examination, struct crash_record *ret_record)
{
    int error = crash__read(examination->pid, ret_record);

    if (examination->stopped && error)
        _exit(error == -ENOENT ? EXAMINATION_NO_FAILURE : 0);
    if (examination->asked && !error)
        _exit(EXAMINATION_FAILURE);
    if (examination->memfd < 0 && !error && ret_record->state == CRASH_RAISED &&
        ret_record->said == BACKTRACE_SAID_NOTHING) {
        crash__mark(examination->pid, -1, CRASH_EXAMINED);
        _exit(0);
    }
    if (!error)
        crash__mark(examination->pid, -1, CRASH_SEEN);
    return error == 0;
}

void forkserver__examine(const struct examination *examination)
{
    struct crash_record record;
    struct unwind_task task = {
        .pid = examination->pid,
        .limit = examination->time_limit,
        .at_init = examination->at_init,
        .unseen = !examination->own_proc,
        .with_symbols = examination->with_symbols,
        .with_places = examination->with_places,
        .fd = examination->memfd,
        .brief = examination->brief,
    };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != examination->server)
        _exit(1);
    forkserver__close_except(&examination->memfd, 1, 0);
    task.record = read_record(examination, &record) ? &record : NULL;
    crash__unwind_and_exit(&task);
}
