/*
 * failure_fuzz.c - reports about a failed call from the child, the server and the reporter; and
 * their output
 */
#include "tests/fuzz/fuzz.h"

#include "src/crash/backtrace.h"
#include "src/error/death.h"
#include "src/error/error.h"
#include "src/wire/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *nowhere;

static void show(procspawn_error *error)
{
    struct procspawn_frame frame;

    if (!error)
        return;
    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++)
        fuzz_check((!frame.symbol || strlen(frame.symbol) < BACKTRACE_STRINGS) &&
                   (!frame.module || strlen(frame.module) < BACKTRACE_STRINGS));
    fuzz_check(procspawn_error_message(error) != NULL);
    procspawn_error_print(error, nowhere);
    json_decref(procspawn_error_json(error));
    procspawn_error_free(procspawn__error_copy(error));
    procspawn_error_free(error);
}

static void from_failure(struct fuzz_input *input)
{
    size_t length = input->left;
    unsigned char *body = fuzz_copy(input, length);

    show(procspawn__error_from_failure(body, length));
    free(body);
}

static struct backtrace *read_trace(struct fuzz_input *input)
{
    struct backtrace *trace = malloc(sizeof *trace);
    size_t length = input->left;
    unsigned char *bytes = fuzz_copy(input, length);
    int rc = crash__backtrace_decode(bytes, length, trace);

    free(bytes);
    if (rc == 0)
        return trace;
    free(trace);
    return NULL;
}

static struct backtrace *read_brief(struct fuzz_input *input)
{
    struct backtrace *trace = malloc(sizeof *trace);
    struct backtrace_brief brief = { .length = 0 };
    size_t length = input->left < sizeof brief ? input->left : sizeof brief;

    memcpy(&brief, input->bytes, length);
    if (crash__backtrace_get_brief(&brief, trace) == 0)
        return trace;
    free(trace);
    return NULL;
}

/* What was decoded can be encoded, to the same bytes. */
static void check_round(const struct backtrace *trace)
{
    static unsigned char bytes[BACKTRACE_BYTES];
    static struct backtrace again;
    long size = crash__backtrace_encode(trace, bytes, sizeof bytes);

    fuzz_check(size > 0);
    fuzz_check(crash__backtrace_decode(bytes, (size_t)size, &again) == 0);
    fuzz_check(again.frame_count == trace->frame_count &&
               again.string_bytes == trace->string_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = { bytes, size };
    uint8_t what = fuzz_u8(&input);
    struct wire_death death = { .status = (int)fuzz_u64(&input),
                                .cause = fuzz_u8(&input) % (WIRE_ENDED_BY_LOSS + 1) };
    struct backtrace *trace;

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    if (what % 3 == 0) {
        from_failure(&input);
        return 0;
    }
    trace = what % 3 == 1 ? read_trace(&input) : read_brief(&input);
    if (trace)
        check_round(trace);
    show(procspawn__error_from_death(&death, trace));
    return 0;
}
