/*
 * fail.c - procspawn_fail: the called function reports a failure, and its process goes on
 */
#include "src/child/fail.h"

#include "src/base/written.h"
#include "src/value/failure.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Any thread of the called function may fail it. The last failure counts. */
static struct {
    pthread_mutex_t lock;       /* guards the rest */
    bool running;
    bool failed;
    struct procspawn__failure failure;
} call BASE_WRITTEN = { .lock = PTHREAD_MUTEX_INITIALIZER };

void procspawn__fail_begin(void)
{
    pthread_mutex_lock(&call.lock);
    call.running = true;
    pthread_mutex_unlock(&call.lock);
}

bool procspawn__fail_end(struct procspawn__failure *ret_failure)
{
    pthread_mutex_lock(&call.lock);
    bool failed = call.failed;
    if (failed)
        *ret_failure = call.failure;
    call.failure = (struct procspawn__failure){ 0 };
    call.failed = false;
    call.running = false;
    pthread_mutex_unlock(&call.lock);
    return failed;
}

bool procspawn__fail_is_reported(void)
{
    pthread_mutex_lock(&call.lock);
    bool failed = call.failed;
    pthread_mutex_unlock(&call.lock);
    return failed;
}

static char *copy(const char *string)
{
    return string ? strdup(string) : NULL;
}

/* Returns whether the failure was kept; else it is unchanged. */
static bool keep(struct procspawn__failure *failure)
{
    struct procspawn__failure former = { 0 };

    pthread_mutex_lock(&call.lock);
    bool running = call.running;
    if (running) {
        former = call.failure;
        call.failure = *failure;
        call.failed = true;
    }
    pthread_mutex_unlock(&call.lock);
    procspawn__failure_fini(&former);
    return running;
}

json_t *procspawn_fail_at(const char *file, int line, const char *function, const char *type,
                          json_t *detail, const char *format, ...)
{
    int error = errno;
    struct procspawn__failure failure = { .file = copy(file), .function = copy(function),
                                          .type = copy(type), .line = line, .detail = detail };
    va_list arguments;

    va_start(arguments, format);
    errno = error;
    if (vasprintf(&failure.message, format, arguments) < 0)
        failure.message = NULL;
    va_end(arguments);
    if (!keep(&failure)) {
        procspawn_value_drop(detail);
        procspawn__failure_fini(&failure);
    }
    errno = error;
    return NULL;
}
