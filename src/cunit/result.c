/*
 * result.c - adds failures to a result, and frees it
 */
#include <stdlib.h>
#include <string.h>

#include "src/cunit/result.h"

void procspawn__cunit_result_fail(struct result *result, const char *file, unsigned line,
                                  const char *text)
{
    struct failure *failures = realloc(result->failures, (result->count + 1) * sizeof(*failures));

    if (!failures)
        abort();
    result->failures = failures;
    failures[result->count].file = strdup(file);
    failures[result->count].line = line;
    failures[result->count].text = strdup(text);
    if (!failures[result->count].file || !failures[result->count].text)
        abort();
    result->count++;
}

void procspawn__cunit_result_clear(struct result *result)
{
    for (size_t i = 0; i < result->count; i++) {
        free(result->failures[i].file);
        free(result->failures[i].text);
    }
    free(result->failures);
    free(result->details);
    memset(result, 0, sizeof(*result));
}
