#include "tests/support/tree_helpers.h"

#include "tests/support/call_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <signal.h>
#include <unistd.h>

json_t *tree_crash(json_t *null)
{
    return *(json_t **)(json_integer_value(null) + 8);
}

bool tree_exists(pid_t pid)
{
    return kill(pid, 0) == 0 || errno != ESRCH;
}

json_t *tree_ignore_term(json_t *pipe_fd)
{
    signal(SIGTERM, SIG_IGN);
    procspawn_end_fd(&(int){ 0 });
    (void)!write(STDOUT_FILENO, "r", 1);
    return calls_hang(pipe_fd);
}

json_t *tree_give_null(json_t *unused)
{
    (void)unused;
    return json_null();
}
