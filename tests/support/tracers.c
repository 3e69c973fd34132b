#include "tests/support/tracers.h"

#include "tests/support/call_helpers.h"
#include "tests/support/shared_number.h"

#include <sys/ptrace.h>
#include <unistd.h>

void trace_and_hang(pid_t pid)
{
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
        _exit(99);
    shared_tell();
    calls_hang(NULL);
}
