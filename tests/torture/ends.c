/*
 * ends.c - ends that are no crash
 */
#include "tests/torture/torture.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

CRASH(exit_3, "exit:3", "")
{
    exit(3);
    return OUT;
}

CRASH(quick_exit_5, "exit:5", "")
{
    quick_exit(5);
    return OUT;
}

NI static void *exit_thread(void *a)
{
    exit(6);
    return a;
}

CRASH(exit_other_thread, "exit:6", "")
{
    run_thread(exit_thread);
    return OUT;
}

CRASH(exec_true, "exit:0", "")
{
    execl("/bin/true", "true", (char *)0);
    return OUT;
}

CRASH(closed_all, "exit:113", "")
{
    closefrom(0);
    return OUT;
}

NI static void panics(int n)
{
    procspawn_panic("bad thing %d", n);
}

CRASH(panic, "none", "panics,t_panic")
{
    panics(4);
    KEEP;
    return OUT;
}

NI static void *panic_thread(void *a)
{
    panics(5);
    return a;
}

CRASH2(panic_in_thread, "none", "panics,panic_thread", "run_thread")
{
    run_thread(panic_thread);
    KEEP;
    return OUT;
}

CRASH(grandchild_crash, "result", "")
{
    pid_t p = fork();
    if (p == 0)
        die_here();
    waitpid(p, 0, 0);
    return json_true();
}
