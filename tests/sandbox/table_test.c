/*
 * table_test.c - the table in SANDBOX.md is that of the filter
 *
 * `tests/sandbox/table_test print` prints the table as it should stand there.
 */
#include "src/sandbox/rules.h"

#include <forkscope/cunit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char begin_mark[] = "<!-- the table begins -->\n";
static const char end_mark[] = "<!-- the table ends -->\n";

/* ---- the table as text ---- */

static const char *const headings[] = {
    [SANDBOX_COMPUTE] = "### COMPUTE",
    [SANDBOX_FILES] = "### FILES has as well",
    [SANDBOX_NETWORK] = "### NETWORK has as well",
    [SANDBOX_COMPUTE_ONLY] = "### Only in COMPUTE",
};

static const char *const verdicts[] = {
    [SANDBOX_ALLOW] = "let through",
    [SANDBOX_THREADS] = "let through with `PROCSPAWN_ALLOW_THREADS`, else EPERM",
    [SANDBOX_CODE] = "let through with `PROCSPAWN_ALLOW_CODE`",
    [SANDBOX_LISTEN] = "let through if a port to listen on is let in",
    [SANDBOX_EPERM] = "fails with EPERM",
    [SANDBOX_EINVAL] = "fails with EINVAL",
    [SANDBOX_ENOSYS] = "fails with ENOSYS",
    [SANDBOX_EOPNOTSUPP] = "fails with EOPNOTSUPP",
    [SANDBOX_EMULATE] = "let through for a descriptor and an empty path",
};

static bool is_plain(const struct sandbox_rule *rule)
{
    return rule->verdict == SANDBOX_ALLOW && rule->condition_count == 0;
}

static void print_plain(FILE *out, enum sandbox_profiles profiles)
{
    int column = 0;
    bool any = false;

    for (size_t i = 0; i < sandbox__rule_count; i++) {
        const struct sandbox_rule *rule = &sandbox__rules[i];
        if (rule->profiles != profiles || !is_plain(rule))
            continue;
        if (column + (int)strlen(rule->name) + 4 > 100)
            column = fprintf(out, "\n") - 1;
        column += fprintf(out, "%s`%s`", column > 0 ? " " : "", rule->name);
        any = true;
    }
    fputs(any ? "\n\n" : "", out);
}

static void print_conditions(FILE *out, const struct sandbox_rule *rule)
{
    for (size_t i = 0; i < rule->condition_count; i++)
        fprintf(out, "%s%s", i > 0 ? "; " : "", rule->condition[i].text);
}

static void print_conditional(FILE *out, enum sandbox_profiles profiles)
{
    fputs("| system call | what becomes of it | if |\n| --- | --- | --- |\n", out);
    for (size_t i = 0; i < sandbox__rule_count; i++) {
        const struct sandbox_rule *rule = &sandbox__rules[i];
        if (rule->profiles != profiles || is_plain(rule))
            continue;
        fprintf(out, "| `%s` | %s | ", rule->name, verdicts[rule->verdict]);
        print_conditions(out, rule);
        fputs(" |\n", out);
    }
    fputs("\n", out);
}

static void print_table(FILE *out)
{
    for (int profiles = SANDBOX_COMPUTE; profiles <= SANDBOX_COMPUTE_ONLY; profiles++) {
        fprintf(out, "%s\n\n", headings[profiles]);
        print_plain(out, (enum sandbox_profiles)profiles);
        print_conditional(out, (enum sandbox_profiles)profiles);
    }
}

/* ---- the test ---- */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = calloc(1, 1 << 20);

    CU_ASSERT_FATAL(file && text);
    CU_ASSERT(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static void the_documented_table_is_that_of_the_filter(void)
{
    char *text = read_file(SANDBOX_PAGE), *made = NULL;
    size_t size;
    FILE *out = open_memstream(&made, &size);

    print_table(out);
    fclose(out);
    char *begin = strstr(text, begin_mark), *end = strstr(text, end_mark);
    CU_ASSERT_FATAL(begin && end);
    *end = '\0';
    CU_ASSERT(strcmp(begin + sizeof begin_mark, made) == 0);
    free(text);
    free(made);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_documented_table_is_that_of_the_filter),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "table", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "print") != 0)
        return procspawn_cunit_run(suites, argc, argv);
    print_table(stdout);
    return 0;
}
