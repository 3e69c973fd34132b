/*
 * 06_shield.c - a section that a cancel does not divide
 *
 * Shows a task that moves money in two steps, with a wait in between, and is cancelled in the
 * middle. The shield makes the cancel wait until both steps are done, and no longer than a second.
 * Prints the two balances.
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>

static struct {
    int here, there;
} account = { 100, 0 };

static int transfer(void *arg)
{
    struct scoped_shield shield;

    (void)arg;
    int rc = scoped_shield_begin_until(forkscope_after(FORKSCOPE_S), &shield);
    if (rc < 0)
        return rc;
    account.here -= 30;
    scoped_notify_started();
    scoped_sleep(50 * FORKSCOPE_MS);                /* not cut short */
    account.there += 30;
    scoped_shield_end(&shield);                     /* the cancel takes effect here */
    return scoped_sleep_until(SCOPED_FOREVER);
}

static int body(scoped_spawner scope, void *arg)
{
    struct scoped_task *task;

    int rc = scoped_start_leaf(scope, NULL, transfer, arg, &task);
    if (rc < 0)
        return rc;
    scoped_task_wait_started_until(task, SCOPED_FOREVER);
    scoped_task_cancel(task);
    return scoped_task_join(task, NULL) == -ECANCELED ? 0 : -EPROTO;
}

int main(void)
{
    if (scoped_run(NULL, body, NULL, NULL) < 0)
        return 1;
    printf("here %d, there %d\n", account.here, account.there);
    return 0;
}
