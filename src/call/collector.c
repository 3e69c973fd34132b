/*
 * collector.c - starts the collector
 */
#include "src/call/collector.h"

#include "src/base/fd.h"
#include "src/call/collector_link.h"
#include "src/call/collector_process.h"
#include "src/call/helper.h"
#include "src/wire/frame.h"
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

/* One thread at a time starts the collector. It does not hold the lock of the link meanwhile. */
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

/* Starts it. Returns the program's end of its socket, or -errno. */
static int start(int64_t deadline)
{
    int ends[2];
    int rc = wire__pair(ends);

    if (rc < 0)
        return rc;
    rc = procspawn__helper_start(procspawn__collector_run, ends[1], deadline);
    close(ends[1]);
    if (rc == 0)
        return base__fd_own(ends[0]);
    close(ends[0]);
    return rc;
}

int procspawn__collector_start(int64_t deadline)
{
    int rc = 0;

    if (procspawn__collector_serves())
        return 0;
    pthread_mutex_lock(&starting);
    if (!procspawn__collector_serves()) {
        rc = start(deadline);
        if (rc >= 0)
            procspawn__collector_connect(rc);
    }
    pthread_mutex_unlock(&starting);
    return rc < 0 ? rc : 0;
}

void procspawn__collector_reset(void)
{
    pthread_mutex_init(&starting, NULL);
    procspawn__collector_forget();
}
