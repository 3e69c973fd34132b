/*
 * saved_stdio.c - the standard streams of a worker, while a call has others
 */
#include "src/child/saved_stdio.h"

#include "src/wire/call.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

enum { NOT_SAVED = -1, WAS_CLOSED = -2 };

/*
 * Captured output is written line by line: what was printed before a crash is there, and stands
 * before what stderr got later. Without a buffer of its own the GNU C library would go on as before
 * until the first write(2).
 */
static void set_mode(int mode)
{
    static char buffer[4096];

    setvbuf(stdout, buffer, mode, sizeof buffer);
}

void procspawn__stdio_write_lines(uint32_t flags, struct procspawn__saved_stdio *saved)
{
    saved->whole = (flags & WIRE_CALL_LINES) && !__flbf(stdout);
    if (saved->whole)
        set_mode(_IOLBF);
}

/* What is left of the call's input is not the next one's. */
static void forget_input(void)
{
    __fpurge(stdin);
    clearerr(stdin);
}

int procspawn__stdio_save(uint32_t flags, struct procspawn__saved_stdio *ret_saved)
{
    static const uint32_t flag[] = { WIRE_CALL_FD_STDIN, WIRE_CALL_FD_STDOUT, WIRE_CALL_FD_STDERR };
    int rc = 0;

    ret_saved->whole = false;
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        ret_saved->own[stream] = NOT_SAVED;
        if (rc < 0 || !(flags & flag[stream]))
            continue;
        int own = fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (own >= 0 || errno == EBADF)
            ret_saved->own[stream] = own >= 0 ? own : WAS_CLOSED;
        else
            rc = -errno;
    }
    if (ret_saved->own[STDIN_FILENO] != NOT_SAVED)
        forget_input();
    return rc;
}

void procspawn__stdio_restore(const struct procspawn__saved_stdio *saved)
{
    bool flushed = false;

    if (saved->own[STDIN_FILENO] != NOT_SAVED)
        forget_input();
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (saved->own[stream] == NOT_SAVED)
            continue;
        if (!flushed)
            fflush(NULL);
        flushed = true;
        if (saved->own[stream] == WAS_CLOSED) {
            close(stream);
            continue;
        }
        dup2(saved->own[stream], stream);
        close(saved->own[stream]);
    }
    if (saved->whole && saved->own[STDOUT_FILENO] != NOT_SAVED)
        set_mode(_IOFBF);
}
