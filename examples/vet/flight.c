#include "examples/vet/flight.h"

void flight_init(struct flight *flight)
{
    *flight = (struct flight) { .in_flight = 0 };
    pthread_mutex_init(&flight->line, NULL);
    pthread_mutex_init(&flight->lock, NULL);
    pthread_cond_init(&flight->changed, NULL);
}

void flight_fini(struct flight *flight)
{
    pthread_cond_destroy(&flight->changed);
    pthread_mutex_destroy(&flight->lock);
    pthread_mutex_destroy(&flight->line);
}

void flight_begin(struct flight *flight)
{
    pthread_mutex_lock(&flight->lock);
    flight->in_flight++;
    pthread_mutex_unlock(&flight->lock);
}

void flight_end(struct flight *flight)
{
    pthread_mutex_lock(&flight->lock);
    flight->in_flight--;
    flight->ended++;
    pthread_cond_broadcast(&flight->changed);
    pthread_mutex_unlock(&flight->lock);
}

void flight_line_up(struct flight *flight)
{
    pthread_mutex_lock(&flight->line);
}

void flight_leave_line(void *flight)
{
    pthread_mutex_unlock(&((struct flight *)flight)->line);
}

unsigned flight_mark(struct flight *flight)
{
    pthread_mutex_lock(&flight->lock);
    unsigned mark = flight->ended;
    pthread_mutex_unlock(&flight->lock);
    return mark;
}

static void unlock(void *lock)
{
    pthread_mutex_unlock(lock);
}

bool flight_wait(struct flight *flight, unsigned mark)
{
    bool ended = false;
    pthread_mutex_lock(&flight->lock);
    pthread_cleanup_push(unlock, &flight->lock);
    while (flight->ended == mark && flight->in_flight > 0)
        pthread_cond_wait(&flight->changed, &flight->lock);
    ended = flight->ended != mark;
    pthread_cleanup_pop(1);
    return ended;
}
