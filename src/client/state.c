/*
 * state.c - the state that the files of this room share
 */
#include "src/client/state.h"

#include "src/base/written.h"
#include <pthread.h>

struct procspawn__client procspawn__client BASE_WRITTEN = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .epoll = -1, .root = -1,
    .awaits = { &procspawn__client.awaits, &procspawn__client.awaits },
    .examinations = { &procspawn__client.examinations, &procspawn__client.examinations } };
