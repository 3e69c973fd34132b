/*
 * output_helpers.c - what the tests of captured output share
 */
#include "tests/support/output_helpers.h"

#include <stdio.h>

procspawn_handle *output_start(size_t limit, bool merged, procspawn_function *function,
                               json_t *argument)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_capture(builder, limit, merged);
    procspawn_handle *handle = calls_build(builder, function, argument);
    procspawn_builder_free(builder);
    return handle;
}

struct procspawn_output output_of_stdout(procspawn_handle *handle)
{
    struct procspawn_output output = { .data = "" };

    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(handle, &output), 0);
    CU_ASSERT(output.data[output.size] == '\0');
    return output;
}

struct procspawn_output output_of_stderr(procspawn_handle *handle)
{
    struct procspawn_output output = { .data = "" };

    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stderr(handle, &output), 0);
    CU_ASSERT(output.data[output.size] == '\0');
    return output;
}

void output_join(procspawn_handle *handle, int wanted)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL), wanted);
}

void output_begin(void)
{
    calls_begin();
    procspawn_handle *handle = output_start(1, false, calls_echo, NULL);
    output_join(handle, 0);
    output_of_stdout(handle);
    procspawn_handle_free(handle);
}

json_t *output_say(json_t *argument)
{
    printf("%s", json_string_value(argument));
    fprintf(stderr, "not %s", json_string_value(argument));
    return json_null();
}
