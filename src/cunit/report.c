/*
 * report.c - prints results on stdout
 */
#include "src/cunit/report.h"

#include "src/cunit/clock.h"

void procspawn__cunit_report_case(const struct test_case *test_case, const struct result *result)
{
    printf("%-6s %s/%s", result->count ? "FAILED" : "ok", test_case->suite->pName,
           test_case->test->pName);
    if (result->ns >= CUNIT_SECOND)
        printf(" (%.1f s)", (double)result->ns / (double)CUNIT_SECOND);
    putchar('\n');
    for (size_t i = 0; i < result->count; i++) {
        const struct failure *failure = &result->failures[i];

        if (failure->line)
            printf("    %s:%u: %s\n", failure->file, failure->line, failure->text);
        else
            printf("    %s\n", failure->text);
    }
    if (result->count && result->details)
        fputs(result->details, stdout);
    fflush(stdout);
}

void procspawn__cunit_report_end(unsigned long passed, unsigned long failed)
{
    printf("%lu passed, %lu failed\n", passed, failed);
    fflush(stdout);
}
