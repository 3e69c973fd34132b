/*
 * scope_helpers.c - events, the log and the root of the tests of scopes
 */
#include "tests/support/scope_helpers.h"

#include "tests/support/closed.h"

#include "src/base/thread.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * When a thread is unwound, an interceptor of the address sanitizer checks its stack and reports
 * the frames already left ("if your program uses some custom stack unwind mechanism"). That report
 * is suppressed.
 */
__attribute__((visibility("default"))) const char *__asan_default_suppressions(void);
const char *__asan_default_suppressions(void)
{
    return "interceptor_name:sigaltstack\n";
}

static char letters[256];
static atomic_size_t letter_count;

struct event event_new(void)
{
    return (struct event){ eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
}

void event_free(struct event event)
{
    close(event.fd);
}

static void raise_event(struct event event)
{
    static const uint64_t one = 1;
    if (write(event.fd, &one, sizeof one) != sizeof one)
        abort();
}

void event_happen(struct event event)
{
    bool was_on = base__cancelable(false);
    raise_event(event);
    base__cancelable(was_on);
}

void event_reset(struct event event)
{
    uint64_t count;
    if (read(event.fd, &count, sizeof count) != sizeof count)
        abort();
}

bool event_wait(struct event event)
{
    bool was_on = base__cancelable(false);
    struct pollfd polled = { .fd = event.fd, .events = POLLIN };
    bool happened = poll(&polled, 1, 60000) == 1;
    /*
     * read, unlike poll, tells the thread sanitizer that what came before the event is ordered
     * before this.
     */
    uint64_t count;
    if (read(event.fd, &count, sizeof count) == sizeof count)
        raise_event(event);
    base__cancelable(was_on);
    return happened;
}

void log_clear(void)
{
    memset(letters, 0, sizeof letters);
    atomic_store(&letter_count, 0);
}

void log_letter(char letter)
{
    letters[atomic_fetch_add(&letter_count, 1)] = letter;
}

const char *log_letters(void)
{
    return letters;
}

void log_done(void *arg)
{
    (void)arg;
    log_letter('d');
}

void log_child_done(void *arg)
{
    (void)arg;
    log_letter('k');
}

scoped_spawner root;
struct event started, released;

void root_set_up(void)
{
    log_clear();
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    started = event_new();
    released = event_new();
}

void root_tear_down(void)
{
    CU_ASSERT(close_whatever(root, soon()) == 0);
    event_free(started);
    event_free(released);
}

void block_for_ever(void)
{
    if (base__join_cancelable())
        pause();
    scoped_sleep_until(SCOPED_FOREVER);
}

int64_t soon(void)
{
    return forkscope_after(INT64_C(20000000000));
}
