/*
 * alarm.h - a descriptor that becomes readable at a time, or at once
 *
 * It is a timerfd(2): one descriptor tells both of work and of time. The caller serialises the
 * calls.
 */
#ifndef FORKSCOPE_COMPLETION_ALARM_H
#define FORKSCOPE_COMPLETION_ALARM_H

#include <stdint.h>

struct procspawn__alarm {
    int fd;                     /* -1: not open */
    int64_t at;                 /* when it is readable: 0: now; BASE_NEVER: not set */
};

/* 0 or -errno. */
int procspawn__alarm_open(struct procspawn__alarm *alarm);
void procspawn__alarm_close(struct procspawn__alarm *alarm);
/* 0: readable at once. A time that has passed is the same. */
void procspawn__alarm_set(struct procspawn__alarm *alarm, int64_t at);

#endif
