/*
 * refusal.c - the note of the calling thread
 */
#include "src/base/refusal.h"

#include <stdarg.h>
#include <stdio.h>

static __thread struct {
    int code;           /* 0: there is no note */
    char text[256];
} note;

/* A text that was cut does not end in a part of a UTF-8 character. */
static void drop_part(void)
{
    size_t end = sizeof note.text - 1;

    while (end > 0 && (note.text[end - 1] & 0xc0) == 0x80)
        end--;
    if (end > 0 && (note.text[end - 1] & 0x80))
        end--;
    note.text[end] = '\0';
}

int base__refuse(int rc, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(note.text, sizeof note.text, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof note.text)
        drop_part();
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
