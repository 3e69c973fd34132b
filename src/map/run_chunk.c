/*
 * run_chunk.c - works off a chunk of items, in a worker
 */
#include "src/map/run_chunk.h"

#include "src/base/clock.h"
#include "src/child/fail.h"
#include "src/child/reply.h"
#include "src/image/function.h"
#include "src/map/ledger.h"
#include "src/value/message.h"
#include "src/value/survey.h"
#include "src/wire/call.h"
#include <forkscope/bytes.h>
#include <forkscope/procspawn.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A failure of this function is that of its first item. */
static procspawn_function *find_function(const json_t *argument)
{
    const json_t *bytes = json_array_get(argument, PROCSPAWN__CHUNK_FUNCTION);
    const json_t *library = json_array_get(argument, PROCSPAWN__CHUNK_LIBRARY);
    struct wire_function function;
    const char *reason = "";

    memcpy(&function, procspawn_bytes_value(bytes), sizeof function);
    procspawn_function *found = procspawn__function_resolve(
        &function, json_is_null(library) ? NULL : procspawn_bytes_value(library), false, &reason);
    if (!found)
        procspawn__reply_refuse("%s", reason);
    return found;
}

/* One with descriptors is not encoded: that would take them. */
static bool is_plain(const json_t *result)
{
    struct procspawn__survey survey = { false, false };

    return procspawn__survey(result, &survey) == 0 && !survey.reserved_keys;
}

static bool note(struct procspawn__ledger_page *page, const json_t *result)
{
    unsigned char few[256];
    struct procspawn__message message;

    if (!result || procspawn__fail_is_reported() || !is_plain(result))
        return false;
    procspawn__message_init(&message);
    message.text.bytes = few;
    message.text.capacity = sizeof few;
    message.text.lent = true;
    fflush(NULL);
    bool noted = procspawn__message_encode(&message, result) == 0 &&
                 procspawn__ledger_note(page, &message);
    procspawn__message_fini(&message);
    return noted;
}

/* In steps of some milliseconds; it costs less than reading the clock. */
static int64_t about_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return time.tv_sec * BASE_SECOND + time.tv_nsec;
}

static json_t *run(struct procspawn__ledger_page *page, procspawn_function *function,
                   const json_t *argument)
{
    static const int64_t longest = BASE_SECOND / 100;
    size_t end = json_array_size(argument);
    bool may_stop = json_is_true(json_array_get(argument, PROCSPAWN__CHUNK_MAY_STOP));
    int64_t start = about_now();

    for (size_t i = PROCSPAWN__CHUNK_ITEMS; i < end; i++) {
        procspawn__ledger_begin(page);
        json_t *result = function(json_array_get(argument, i));
        if (!note(page, result))
            return result;
        json_decref(result);
        if (may_stop && about_now() - start >= longest)
            break;
    }
    return json_true();
}

json_t *procspawn__run_chunk(json_t *argument)
{
    struct procspawn__ledger_page page;
    int fd;

    if (procspawn_value_claim_fd(json_array_get(argument, PROCSPAWN__CHUNK_LEDGER), &fd) < 0 ||
        procspawn__ledger_attach(fd, &page) < 0)
        return json_false();
    procspawn_function *function = find_function(argument);
    json_t *result = function ? run(&page, function, argument) : NULL;
    procspawn__ledger_detach(&page);
    return result;
}
