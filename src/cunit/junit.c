/*
 * junit.c - writes results as JUnit XML
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "src/cunit/clock.h"
#include "src/cunit/junit.h"

/*
 * XML 1.0 cannot express most control characters, and other bytes may not be valid UTF-8: both
 * become '?'.
 */
static void write_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text == '\n' || (*text >= ' ' && *text < 127) ? *text : '?', out);
        }
    }
}

static void write_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    write_escaped(out, value);
    fputc('"', out);
}

int procspawn__cunit_junit_begin(struct junit *junit, const char *path)
{
    memset(junit, 0, sizeof(*junit));
    if (!path)
        return 0;
    junit->body = open_memstream(&junit->text, &junit->size);
    if (!junit->body)
        return -errno;
    junit->file = fopen(path, "we");
    if (!junit->file) {
        int rc = -errno;

        fclose(junit->body);
        free(junit->text);
        return rc;
    }
    return 0;
}

void procspawn__cunit_junit_case(struct junit *junit, const struct test_case *test_case,
                                 const struct result *result)
{
    FILE *out = junit->body;

    if (!junit->file)
        return;
    fputs("    <testcase", out);
    write_attribute(out, "classname", test_case->suite->pName);
    write_attribute(out, "name", test_case->test->pName);
    fprintf(out, " time=\"%.6f\">\n", (double)result->ns / (double)CUNIT_SECOND);
    for (size_t i = 0; i < result->count; i++) {
        const struct failure *failure = &result->failures[i];

        fputs("      <failure", out);
        write_attribute(out, "message", failure->text);
        fputs(">", out);
        write_escaped(out, failure->file);
        fprintf(out, ":%u</failure>\n", failure->line);
    }
    if (result->count && result->details && *result->details) {
        fputs("      <system-err>", out);
        write_escaped(out, result->details);
        fputs("</system-err>\n", out);
    }
    fputs("    </testcase>\n", out);
    fflush(out); /* otherwise a forked process would have a copy of the buffer */
}

int procspawn__cunit_junit_end(struct junit *junit, unsigned long passed, unsigned long failed)
{
    int rc = 0;

    if (!junit->file)
        return 0;
    fclose(junit->body);
    fprintf(junit->file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"cunit\" "
            "tests=\"%lu\" "
            "failures=\"%lu\">\n%s  </testsuite>\n</testsuites>\n",
            passed + failed, failed, junit->text ? junit->text : "");
    if (ferror(junit->file))
        rc = -EIO;
    if (fclose(junit->file) != 0 && rc == 0)
        rc = -errno;
    free(junit->text);
    return rc;
}
