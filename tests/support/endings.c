#include "tests/support/endings.h"

#include "tests/support/call_helpers.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

pid_t *ending_daemon;

json_t *ending_returns(json_t *argument)
{
    return json_incref(argument);
}

json_t *ending_exits(json_t *argument)
{
    (void)argument;
    exit(3);
}

json_t *ending_exits_at_once(json_t *argument)
{
    (void)argument;
    _exit(4);
}

json_t *ending_exits_quickly(json_t *argument)
{
    (void)argument;
    quick_exit(5);
}

json_t *ending_aborts(json_t *argument)
{
    (void)argument;
    abort();
}

json_t *ending_fails_an_assertion(json_t *argument)
{
    assert(json_is_object(argument) && "an object");
    return json_incref(argument);
}

json_t *ending_writes_where_it_must_not(json_t *argument)
{
    volatile int *forbidden = mmap(NULL, sizeof(int), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                                   -1, 0);
    *forbidden = 1;
    return json_incref(argument);
}

static unsigned long recurse(volatile unsigned long depth)
{
    volatile char room[512];
    room[0] = (char)depth;
    return depth == 0 ? 0 : recurse(depth - 1) + (unsigned long)room[0];
}

json_t *ending_overflows_its_stack(json_t *argument)
{
    (void)argument;
    return json_integer((json_int_t)recurse(~0UL));
}

json_t *ending_is_killed(json_t *argument)
{
    pid_t victim = getpid();

    /* By its child; in a sandbox, which has none, by itself. */
    if (fork() <= 0) {
        kill(victim, SIGKILL);
        _exit(0);
    }
    return calls_hang(argument);
}

json_t *ending_stops_for_ever(json_t *argument)
{
    raise(SIGSTOP);
    return calls_hang(argument);
}

json_t *ending_closes_everything(json_t *argument)
{
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    return json_incref(argument);
}

json_t *ending_raises(json_t *argument)
{
    (void)argument;
    procspawn_panic("raised %d", 42);
}

json_t *ending_returns_nothing(json_t *argument)
{
    (void)argument;
    return NULL;
}

json_t *ending_returns_what_is_no_text(json_t *argument)
{
    (void)argument;
    return json_stringn_nocheck("\xff\xfe", 2);
}

/* In a sandbox there is no daemon. */
json_t *ending_leaves_a_daemon(json_t *argument)
{
    pid_t pid = fork();

    if (pid < 0)
        return json_incref(argument);
    if (pid == 0) {
        setsid();
        if (fork() == 0) {
            signal(SIGTERM, SIG_IGN);
            __atomic_store_n(ending_daemon, getpid(), __ATOMIC_RELEASE);
            for (;;)
                pause();
        }
        _exit(0);
    }
    while (__atomic_load_n(ending_daemon, __ATOMIC_ACQUIRE) == 0)
        poll(NULL, 0, 1);
    return json_incref(argument);
}
