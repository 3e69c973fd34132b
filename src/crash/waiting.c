/*
 * waiting.c - puts the system call of a thread into words; of a futex, what it belongs to
 */
#include "src/crash/waiting.h"

#include "src/base/system_call.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* The beginning of the C library's mutex. Contended is the value of its lock if threads wait. */
struct mutex_head {
    int32_t lock, count, owner;
};

enum { CONTENDED = 2 };

static const char *name_of(const struct tracees *tracees, int32_t tid)
{
    for (size_t i = 0; i < tracees->count; i++)
        if (tracees->tracee[i].tid == tid)
            return tracees->tracee[i].name;
    return NULL;
}

static bool is_wait(const struct tracee *tracee)
{
    uint64_t operation = tracee->argument[1] & FUTEX_CMD_MASK;

    return tracee->call == SYS_futex &&
           (operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET);
}

static bool is_mutex(const struct tracee *tracee, const struct mutex_head *head)
{
    return (int32_t)tracee->argument[2] == CONTENDED && head->lock == CONTENDED &&
           head->owner > 0;
}

/* The kernel clears a thread's id, and wakes who waits for that, when it has ended. */
static bool is_join(const struct tracee *tracee, const struct tracees *tracees,
                    const struct mutex_head *head)
{
    return head->lock > 0 && head->lock == (int32_t)tracee->argument[2] &&
           head->lock != tracee->tid && name_of(tracees, head->lock);
}

/*
 * Returns the thread that the futex belongs to; 0: it is not known, and nothing is told, or it is
 * the thread itself.
 */
static pid_t tell_futex(const struct tracee *tracee, const struct tracees *tracees,
                        struct memory *memory, char ret_text[WAITING_TEXT])
{
    struct mutex_head head = {0, 0, 0};
    const char *name;

    if (!memory || !is_wait(tracee) ||
        crash__memory_read(memory, tracee->argument[0], &head, sizeof head) != 0)
        return 0;
    if (is_mutex(tracee, &head) && head.owner == tracee->tid) {
        snprintf(ret_text, WAITING_TEXT, "waits for the mutex at 0x%llx, which it holds itself",
                 (unsigned long long)tracee->argument[0]);
        return 0;
    }
    if (is_mutex(tracee, &head)) {
        name = name_of(tracees, head.owner);
        snprintf(ret_text, WAITING_TEXT, "waits for the mutex at 0x%llx, which thread %d%s%s%s holds",
                 (unsigned long long)tracee->argument[0], (int)head.owner, name ? " (" : "",
                 name ? name : "", name ? ")" : "");
        return head.owner;
    }
    if (!is_join(tracee, tracees, &head))
        return 0;
    snprintf(ret_text, WAITING_TEXT, "waits for the end of thread %d (%s)", (int)head.lock,
             name_of(tracees, head.lock));
    return head.lock;
}

pid_t crash__waiting_text(const struct tracee *tracee, const struct tracees *tracees,
                          struct memory *memory, char ret_text[WAITING_TEXT])
{
    char call[BASE_SYSTEM_CALL_TEXT], path[BASE_SYSTEM_CALL_PATH];
    pid_t other;
    int place;

    ret_text[0] = '\0';
    other = tracee->error == -ESRCH ? 0 : tell_futex(tracee, tracees, memory, ret_text);
    if (tracee->error == -ESRCH)
        snprintf(ret_text, WAITING_TEXT, "has ended");
    if (ret_text[0] != '\0')
        return other;
    if (tracee->call < 0) {
        snprintf(ret_text, WAITING_TEXT, "%s", tracee->error ? "" : "runs");
        return 0;
    }
    place = base__system_call_path(tracee->call);
    if (place < 0 || !memory ||
        crash__memory_text(memory, tracee->argument[place], path, sizeof path) != 0)
        place = -1;
    base__system_call_print(tracee->call, tracee->argument, place < 0 ? NULL : path, call);
    snprintf(ret_text, WAITING_TEXT, "in %.*s", WAITING_TEXT - 4, call);
    return 0;
}
