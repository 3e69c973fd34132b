#include "tests/support/host_helpers.h"

#include "tests/support/call_helpers.h"

#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

void host_run(void (*part)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        part();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

void host_call_in_all_ways(void)
{
    for (int i = 0; i < 10; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}
