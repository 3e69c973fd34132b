#include "tests/support/trial_report.h"

#include <forkscope.h>
#include <stdarg.h>
#include <stdio.h>

struct report *report;

void blame(const char *format, ...)
{
    va_list arguments;

    if (report->wrong[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(report->wrong, sizeof report->wrong, format, arguments);
    va_end(arguments);
}

int expect(const char *what, int rc, ...)
{
    va_list codes;
    bool found = false;
    int code;

    va_start(codes, rc);
    while ((code = va_arg(codes, int)) != 1)
        found = found || rc == code;
    va_end(codes);
    if (!found)
        blame("%s: %s", what, rc == 0 ? "0" : forkscope_strerror(rc));
    return rc;
}
