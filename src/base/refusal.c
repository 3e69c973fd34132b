/*
 * refusal.c - the note of the calling thread
 */
#include "src/base/refusal.h"

#include <stdarg.h>
#include <stdio.h>

static __thread struct {
    int code;           /* 0: there is no note */
    char text[128];
} note;

int base__refuse(int rc, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(note.text, sizeof note.text, format, arguments);
    va_end(arguments);
    note.code = rc;
    return rc;
}

void base__refusal_forget(void)
{
    note.code = 0;
}

bool base__refusal_take(int rc, char *ret_text, size_t size)
{
    if (rc == 0 || note.code != rc)
        return false;
    snprintf(ret_text, size, "%s", note.text);
    note.code = 0;
    return true;
}
