/*
 * 31_loop.c - a thousand calls in an event loop
 *
 * Shows a set with one descriptor for epoll(7), beside a timer of the program. Waiting calls need
 * no descriptors and starting one does not wait, so the loop is never held up. One call crashes;
 * its tag tells which. Prints how many calls were good, and whether the timer ran meanwhile.
 */
#include <forkscope.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { CALLS = 1000, PATIENCE = 30000 };

static int numbers[CALLS];
static int good, ticks;

static json_t *square(json_t *number)
{
    json_int_t n = json_integer_value(number);

    if (n == 7)
        abort();
    return json_integer(n * n);
}

static int start_calls(procspawn_set *set)
{
    struct procspawn_call_options options = { .take_argument = true };

    for (int i = 0; i < CALLS; i++) {
        numbers[i] = i;
        int rc = procspawn_set_start(set, &options, square, json_integer(i), &numbers[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void on_calls(procspawn_set *set)
{
    struct procspawn_result result;

    while (procspawn_set_next_timeout(set, 0, &result) == 0) {
        int number = *(int *)result.tag;
        if (result.error)
            printf("%d: %s\n", number, procspawn_error_message(result.error));
        else
            good += json_integer_value(result.value) == number * number;
        procspawn_result_fini(&result);
    }
}

static void on_timer(int timer)
{
    uint64_t count;

    if (read(timer, &count, sizeof count) == (ssize_t)sizeof count)
        ticks++;
}

static int watch(int epoll, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void run(int epoll, int timer, procspawn_set *set)
{
    struct epoll_event event;

    while (procspawn_set_count(set) > 0 && epoll_wait(epoll, &event, 1, PATIENCE) == 1) {
        if (event.data.fd == timer)
            on_timer(timer);
        else
            on_calls(set);
    }
}

int main(int argc, char **argv)
{
    struct itimerspec period = { { 0, 1000000 }, { 0, 1000000 } };
    procspawn_set *set;

    if (procspawn_init(argc, argv) < 0 || procspawn_set_new(&set) < 0)
        return 1;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (epoll < 0 || timer < 0 || timerfd_settime(timer, 0, &period, NULL) < 0 ||
        watch(epoll, timer) < 0 || watch(epoll, procspawn_set_fd(set)) < 0 || start_calls(set) < 0)
        return 1;
    run(epoll, timer, set);
    printf("%d of %d good\n", good, CALLS);
    printf("the timer %s meanwhile\n", ticks > 0 ? "ran" : "did not run");
    procspawn_set_free(set);
    close(timer);
    close(epoll);
    return procspawn_fini() == 0 ? 0 : 1;
}
