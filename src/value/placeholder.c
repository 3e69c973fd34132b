/*
 * placeholder.c - makes and reads placeholders with the secret of this process; the public calls of
 * value.h
 */
#include "src/value/placeholder.h"

#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/base/guarded.h"
#include "src/base/thread.h"
#include "src/value/bytes.h"
#include "src/value/fd_table.h"
#include "src/value/reserved.h"
#include "src/value/value_type.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { SECRET_DIGITS = 32, TEXT_MAX = 80 };

extern struct base__lock secret_lock;

static struct {
    pthread_mutex_t lock;       /* held while the secret is drawn */
    bool drawn GUARDED_BY(secret_lock);
    char digits[SECRET_DIGITS + 1] GUARDED_BY(secret_lock);
} secret = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void lock(void) LOCKS(secret_lock)
{
    pthread_mutex_lock(&secret.lock);
}

static void unlock(void) UNLOCKS(secret_lock)
{
    pthread_mutex_unlock(&secret.lock);
}

static bool draw(void)
{
    uint64_t random[2];

    if (getrandom(random, sizeof random, 0) != sizeof random)
        return false;
    snprintf(secret.digits, sizeof secret.digits, "%016" PRIx64 "%016" PRIx64, random[0],
             random[1]);
    return true;
}

static bool have_secret(void)
{
    if (__atomic_load_n(&secret.drawn, __ATOMIC_ACQUIRE))
        return true;
    /* getrandom(2) is a cancellation point. */
    bool cancelable = base__cancelable(false);
    lock();
    if (!secret.drawn && draw())
        __atomic_store_n(&secret.drawn, true, __ATOMIC_RELEASE);
    bool drawn = secret.drawn;
    unlock();
    base__cancelable(cancelable);
    return drawn;
}

void procspawn__placeholder_reset(void) NO_THREAD_SAFETY_ANALYSIS("there is one thread")
{
    pthread_mutex_init(&secret.lock, NULL);
    secret.drawn = false;
}

json_t *procspawn__placeholder_new(const struct procspawn__placeholder *placeholder)
{
    char text[TEXT_MAX];

    if (!have_secret())
        return NULL;
    snprintf(text, sizeof text, "%s:%d:%c:%" PRIu64, secret.digits, (int)placeholder->kind,
             placeholder->in_table ? 'h' : 'o', placeholder->number);
    return procspawn__reserved_object(text);
}

json_t *procspawn__placeholder_give(enum procspawn_value_kind kind, int fd)
{
    struct procspawn__placeholder placeholder = { .kind = kind, .in_table = true };

    if (procspawn__fd_table_add(&procspawn__fds_to_send, kind, fd, &placeholder.number) < 0)
        return NULL;
    json_t *value = procspawn__placeholder_new(&placeholder);
    if (!value)
        procspawn__fd_table_drop(placeholder.number);
    return value;
}

/* Reads ":kind:where:number", which follows the secret. */
static bool read_rest(const char *text, struct procspawn__placeholder *ret_placeholder)
{
    char *end, *behind;

    if (text[0] != ':')
        return false;
    unsigned long kind = strtoul(text + 1, &end, 10);
    if (end[0] != ':' || end[1] == '\0' || end[2] != ':')
        return false;
    uint64_t number = strtoull(end + 3, &behind, 10);
    if (behind == end + 3)
        return false;
    *ret_placeholder = (struct procspawn__placeholder){
        (enum procspawn_value_kind)kind, end[1] == 'h', number };
    return true;
}

bool procspawn__placeholder_read(const json_t *value,
                                 struct procspawn__placeholder *ret_placeholder)
{
    const char *text = json_string_value(json_object_get(value, PROCSPAWN__RESERVED_KEY));

    if (!text || json_object_size(value) != 1 ||
        !__atomic_load_n(&secret.drawn, __ATOMIC_ACQUIRE) ||
        strncmp(text, secret.digits, SECRET_DIGITS) != 0)
        return false;
    return read_rest(text + SECRET_DIGITS, ret_placeholder);
}

int procspawn__placeholder_take_held(const json_t *value, enum procspawn_value_kind kind,
                                     int *ret_fd)
{
    struct procspawn__placeholder placeholder;

    if (!procspawn__placeholder_read(value, &placeholder) || !placeholder.in_table)
        return PROCSPAWN_EVALUE;
    return procspawn__fd_table_take(placeholder.number, kind, ret_fd);
}

int procspawn__placeholder_take(const json_t *value, enum procspawn_value_kind kind, int *ret_fd)
{
    int held;
    int rc = procspawn__placeholder_take_held(value, kind, &held);
    int fd = rc == 0 ? base__fd_release(held) : -1;

    if (rc == 0 && fd >= 0)
        *ret_fd = fd;
    return rc == 0 && fd < 0 ? PROCSPAWN_EVALUE : rc;
}

int procspawn__placeholder_send(const struct procspawn__placeholder *placeholder, int *ret_fd)
{
    if (placeholder->in_table)
        return procspawn__fd_table_send(placeholder->number, placeholder->kind, ret_fd);
    if (placeholder->kind == PROCSPAWN_VALUE_FD)
        return procspawn__kind_duplicate(placeholder->kind, (int)placeholder->number, ret_fd);
    /* The library owns that descriptor, but the program may have closed it. */
    return procspawn__kind_duplicate_held(placeholder->kind, (int)placeholder->number, ret_fd);
}

/* ---- the public calls ---- */

enum procspawn_value_kind procspawn_value_kind(const json_t *value)
{
    struct procspawn__placeholder placeholder;

    if (procspawn__placeholder_read(value, &placeholder))
        return placeholder.kind;
    return procspawn__bytes_string(value) ? PROCSPAWN_VALUE_BYTES : PROCSPAWN_VALUE_PLAIN;
}

json_t *procspawn_value_fd(int fd)
{
    const struct procspawn__placeholder own = { PROCSPAWN_VALUE_FD, false, (uint64_t)fd };
    return procspawn__placeholder_new(&own);
}

json_t *procspawn_value_fd_take(int fd)
{
    return procspawn__placeholder_give(PROCSPAWN_VALUE_FD, fd);
}

int procspawn_value_claim_fd(const json_t *value, int *ret_fd)
{
    return procspawn__placeholder_take(value, PROCSPAWN_VALUE_FD, ret_fd);
}

/*
 * A value deeper than PROCSPAWN__DEPTH_MAX cannot be sent, so deeper levels hold nothing to close.
 */
static void drop(const json_t *value, unsigned depth)
{
    struct procspawn__placeholder placeholder;
    const char *key;
    json_t *item;
    size_t i;

    if (depth > PROCSPAWN__DEPTH_MAX)
        return;
    if (procspawn__placeholder_read(value, &placeholder)) {
        if (placeholder.in_table)
            procspawn__fd_table_drop(placeholder.number);
        return;
    }
    json_array_foreach((json_t *)(uintptr_t)value, i, item)
        drop(item, depth + 1);
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
        drop(item, depth + 1);
}

void procspawn_value_drop(const json_t *value)
{
    drop(value, 0);
    base__close_settle();
}
