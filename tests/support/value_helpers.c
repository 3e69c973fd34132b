/*
 * value_helpers.c - calls with values that are not JSON
 */
#include "tests/support/value_helpers.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void values_begin(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_spares(config, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
}

void values_end(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
}

json_t *values_call(procspawn_function *function, json_t *argument, procspawn_handle **ret_handle)
{
    enum { AS_DEEP_AS_CAN_BE = 2048 };
    procspawn_builder *builder = procspawn_builder_new();
    json_t *result = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_result_depth(builder, AS_DEEP_AS_CAN_BE), 0);
    *ret_handle = calls_build(builder, function, argument);
    procspawn_builder_free(builder);
    int rc = procspawn_join(*ret_handle, &result, &error);
    if (error)
        procspawn_error_print(error, stderr);
    procspawn_error_free(error);
    if (!PROCSPAWN_CUNIT_EQUAL(rc, 0))
        CU_FAIL_FATAL("the call has failed");
    return result;
}

int values_pipe(const char *text)
{
    int ends[2];

    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
    CU_ASSERT_EQUAL(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    return ends[0];
}

bool values_reads(int fd, const char *text)
{
    char bytes[64] = "";
    return read(fd, bytes, sizeof bytes - 1) == (ssize_t)strlen(text) && strcmp(bytes, text) == 0;
}
