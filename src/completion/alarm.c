/*
 * alarm.c - a descriptor that becomes readable at a time, or at once
 */
#include "src/completion/alarm.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include <errno.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>

int procspawn__alarm_open(struct procspawn__alarm *alarm)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

    alarm->fd = fd < 0 ? -errno : base__fd_own(fd);
    alarm->at = BASE_NEVER;
    if (alarm->fd >= 0)
        return 0;
    int rc = alarm->fd;
    alarm->fd = -1;
    return rc;
}

void procspawn__alarm_close(struct procspawn__alarm *alarm)
{
    base__fd_close(alarm->fd);
    alarm->fd = -1;
}

/* An expired timer that is set to another time is not readable any more. */
void procspawn__alarm_set(struct procspawn__alarm *alarm, int64_t at)
{
    struct itimerspec timer = { .it_value = { 0, 0 } };

    if (at == alarm->at)
        return;
    if (at != BASE_NEVER) {
        int64_t when = at > 0 ? at : 1;     /* 0 disarms */
        timer.it_value = (struct timespec){ when / BASE_SECOND, when % BASE_SECOND };
    }
    if (base__fd_is_ours(alarm->fd))
        timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME, &timer, NULL);
    alarm->at = at;
}
