/*
 * printed.c - what a process printed last to stderr, as a part of its error
 */
#include "src/error/printed.h"

#include "src/base/utf8.h"
#include "src/base/visible_text.h"
#include "src/crash/backtrace.h"
#include <forkscope/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool procspawn__error_wants_printed(const procspawn_error *error)
{
    if (!error || error->fixed || error->printed)
        return false;
    switch (error->kind) {
    case PROCSPAWN_ERROR_PANIC:
    case PROCSPAWN_ERROR_REMOTE_CLOSE:
    case PROCSPAWN_ERROR_SERVER_LOST:
        return true;
    case PROCSPAWN_ERROR_TIMED_OUT:
        return error->limit != PROCSPAWN_LIMIT_QUEUE;
    case PROCSPAWN_ERROR_JSON:
    case PROCSPAWN_ERROR_IO:
    case PROCSPAWN_ERROR_CANCELLED:
    case PROCSPAWN_ERROR_CONSUMED:
    case PROCSPAWN_ERROR_SETUP:
    case PROCSPAWN_ERROR_FAILED:
    case PROCSPAWN_ERROR_RUNNING:
        break;
    }
    return false;
}

/* ---- findings of sanitizers that no callback tells ---- */

static const char *start_of_line(const char *text, const char *at)
{
    while (at > text && at[-1] != '\n')
        at--;
    return at;
}

/* Becomes the message, if there is memory. */
static void set_message(procspawn_error *error, const char *before, const char *text)
{
    char *message;

    if (asprintf(&message, "%s%.*s", before, (int)strcspn(text, "\n"), text) < 0)
        return;
    free(error->message);
    error->message = message;
}

/* "path/file.c:12:5", of this length. */
static void set_place(procspawn_error *error, const char *text, size_t length)
{
    char *place = strndup(text, length);
    char *column = place ? strrchr(place, ':') : NULL;

    if (column)
        *column = '\0';
    char *line = column ? strrchr(place, ':') : NULL;
    if (line && atoi(line + 1) > 0) {
        *line = '\0';
        free(error->file);
        error->file = place;
        error->line = atoi(line + 1);
        return;
    }
    free(place);
}

/* "file.c:12:5: runtime error: division by zero": the last one has ended the process. */
static bool read_undefined(procspawn_error *error)
{
    static const char said[] = ": runtime error: ";
    const char *found = NULL;

    for (const char *at = error->printed; (at = strstr(at, said)) != NULL; at++)
        found = at;
    if (!found)
        return false;
    error->finding = start_of_line(error->printed, found);
    set_message(error, "UndefinedBehaviorSanitizer: ", found + sizeof said - 1);
    set_place(error, error->finding, (size_t)(found - error->finding));
    return true;
}

/* "==71==ERROR: LeakSanitizer: detected memory leaks" */
static void read_finding(procspawn_error *error)
{
    const char *found = strstr(error->printed, "Sanitizer: ");

    if (!found)
        return;
    error->finding = start_of_line(error->printed, found);
    while (found > error->finding && found[-1] != ' ')
        found--;
    set_message(error, "", found);
}

/* ---- what is added ---- */

void procspawn__error_add_printed(procspawn_error *error, const char *bytes, size_t length,
                                  bool is_cut)
{
    size_t rest = is_cut ? base__utf8_rest(bytes, length) : 0;

    length -= rest;
    error->printed = length > 0 ? malloc(length + 1) : NULL;
    if (!error->printed)
        return;
    memcpy(error->printed, bytes + rest, length);
    base__make_utf8(error->printed, length);
    error->printed[length] = '\0';
    if (error->cause == PROCSPAWN_CAUSE_SANITIZER && !procspawn_error_sanitizer(error) &&
        !read_undefined(error))
        read_finding(error);
}

void procspawn__error_add_unread(procspawn_error *error)
{
    const char *text = error->trace
                           ? crash__backtrace_string(error->trace, error->trace->last_printed) : "";
    size_t length = strnlen(text, PROCSPAWN__PRINTED_MOST);

    procspawn__error_add_printed(error, text, length, false);
}

/* ---- accessors and texts ---- */

const char *procspawn_error_stderr(const procspawn_error *error)
{
    return error->printed;
}

const char *procspawn_error_sanitizer(const procspawn_error *error)
{
    if (error->cause != PROCSPAWN_CAUSE_SANITIZER)
        return NULL;
    if (error->trace && error->trace->printed != 0)
        return crash__backtrace_string(error->trace, error->trace->printed);
    return error->finding;
}

/* Each line is indented, and begins with a bar. */
static void print_lines(const char *text, FILE *stream)
{
    char line[PROCSPAWN__PRINTED_MOST + 1];

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        snprintf(line, sizeof line, "%.*s", (int)length, text);
        fputs("  | ", stream);
        base__print_visible(line, stream);
        fputc('\n', stream);
        text += length + (text[length] == '\n');
    }
}

void procspawn__print_finding(const procspawn_error *error, FILE *stream)
{
    const char *text = procspawn_error_sanitizer(error);

    if (text)
        print_lines(text, stream);
}

void procspawn__print_printed(const procspawn_error *error, FILE *stream)
{
    if (!error->printed || error->finding == error->printed)
        return;
    fputs("  stderr:\n", stream);
    print_lines(error->printed, stream);
}

/* The message says what a sanitizer has printed. */
void procspawn__print_last_lines(const procspawn_error *error, FILE *stream)
{
    enum { MOST = 10 };

    if (!error->printed || procspawn_error_sanitizer(error))
        return;
    const char *at = error->printed + strlen(error->printed);
    for (int i = 0; i < MOST && at > error->printed; i++)
        at = start_of_line(error->printed, at - 1);
    fputs(at > error->printed ? "  stderr, the last lines:\n" : "  stderr:\n", stream);
    print_lines(at, stream);
}
