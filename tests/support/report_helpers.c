#include "tests/support/report_helpers.h"

#include "tests/support/withheld_memory.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

FRAME void report_write_nowhere(void)
{
    *(volatile int *)NULL = 1;
}

json_t *report_crashes(json_t *argument)
{
    report_write_nowhere();
    return json_incref(argument);
}

FRAME unsigned long report_recurse(volatile unsigned long depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return depth == 0 ? 0 : report_recurse(depth - 1) + (unsigned long)room[0];
}

json_t *report_overflows(json_t *argument)
{
    (void)argument;
    return json_integer((json_int_t)report_recurse(~0UL));
}

procspawn_error *report_error_of_call(procspawn_handle *handle)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, &error),
                          PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 20 * CALLS_SECOND, NULL), 0);
    procspawn_handle_free(handle);
    CU_ASSERT_FATAL(error != NULL);
    return error;
}

procspawn_error *report_error(procspawn_builder *builder, procspawn_function *function,
                              json_t *argument)
{
    return report_error_of_call(calls_build(builder, function, argument));
}

procspawn_error *report_silent_error(procspawn_function *function)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_rlimit(builder, RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    procspawn_error *error = report_error(builder, function, NULL);
    procspawn_builder_free(builder);
    return error;
}

bool report_has_symbol(const procspawn_error *error, const char *name)
{
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++)
        if (frame.symbol && strcmp(frame.symbol, name) == 0)
            return true;
    return false;
}

void report_check_signal(procspawn_error *error, int signal)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), signal);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
}

void report_check_overflow(procspawn_error *error)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGSEGV);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_STACK_OVERFLOW);
}

char report_state(pid_t pid)
{
    char path[64], text[512] = "";
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (read(fd, text, sizeof text - 1) < 0)
        text[0] = '\0';
    close(fd);
    return strrchr(text, ')') ? strrchr(text, ')')[2] : '\0';
}

void report_wait_for_stop(pid_t pid)
{
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;

    while (report_state(pid) != 'T' && calls_now() < deadline)
        poll(NULL, 0, 1);
    CU_ASSERT_EQUAL(report_state(pid), 'T');
}

void report_begin_withheld(void)
{
    CU_ASSERT_FATAL(withhold_begin());
    calls_begin();
}

void report_end_withheld(void)
{
    withhold_end();
    calls_end();
}

void report_check_others(void)
{
    for (int i = 0; i < 20; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
    procspawn_error *error = report_error(NULL, report_crashes, NULL);
    CU_ASSERT(report_has_symbol(error, "report_write_nowhere"));
    report_check_signal(error, SIGSEGV);
}
