/*
 * said.c - makes the message of a report of what a process has said of its end
 */
#include "src/crash/said.h"

#include "src/crash/abort_message.h"
#include "src/debug/demangle.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* "NSt3foo" -> "std::foo"; as it is, if it cannot be translated. */
static void name_type(const char *type, char ret_name[TEXTS_TYPE])
{
    static const char prefix[] = "_ZTI", said[] = "typeinfo for ";
    char symbol[sizeof prefix + TEXTS_TYPE], name[DEMANGLE_NAME];
    bool known;

    snprintf(symbol, sizeof symbol, "%s%s", prefix, type);
    known = *type != '\0' && debug__demangle(symbol, name) &&
            strncmp(name, said, sizeof said - 1) == 0;
    snprintf(ret_name, TEXTS_TYPE, "%.*s", TEXTS_TYPE - 1, known ? name + sizeof said - 1 : type);
}

void crash__said_exception(struct backtrace *trace, const struct texts *texts)
{
    char type[TEXTS_TYPE], message[ABORT_MESSAGE];

    name_type(texts->type, type);
    if (*type == '\0')
        snprintf(message, sizeof message, "std::terminate() was called without an exception");
    else
        snprintf(message, sizeof message, "uncaught exception %s%s%.*s", type,
                 *texts->text ? ": " : "", ABORT_MESSAGE - 2 * TEXTS_TYPE, texts->text);
    trace->said = BACKTRACE_SAID_EXCEPTION;
    trace->type = crash__backtrace_intern(trace, type, sizeof type);
    trace->message = crash__backtrace_intern_lines(trace, message, sizeof message);
}

/* "==71==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000013 at pc ..." */
void crash__said_by_sanitizer(struct backtrace *trace, const struct texts *texts)
{
    const char *start = strstr(texts->text, "Sanitizer: "), *end;
    size_t length;

    while (start && start > texts->text && start[-1] != ' ' && start[-1] != '\n')
        start--;
    start = start ? start : texts->text;
    length = strcspn(start, "\n");
    end = strstr(start, " at pc ");
    if (end && (size_t)(end - start) < length)
        length = (size_t)(end - start);
    if (length > ABORT_MESSAGE)
        length = ABORT_MESSAGE;
    trace->said = BACKTRACE_SAID_SANITIZER;
    trace->message = crash__backtrace_intern(trace, start, length);
}
