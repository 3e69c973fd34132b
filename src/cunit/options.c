/*
 * options.c - parses the command line of a test program
 */
#include "src/cunit/options.h"

#include <argp.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/cunit/clock.h"

static const struct argp_option table[] = {
    { "list", 'l', NULL, 0, "Print the names of the tests, one a line", 0 },
    { "repeat", 'r', "N", 0, "Run everything N times", 0 },
    { "timeout", 't', "SECONDS", 0, "Time limit of a test that sets none itself", 0 },
    { "junit", 'j', "FILE", 0, "Write the results as JUnit XML", 0 },
    { "no-fork", 'n', NULL, 0, "Run in this process, for a debugger", 0 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

static bool to_number(const char *text, double least, double *ret_number)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end || !(number >= least) || number > 1e9)
        return false;
    *ret_number = number;
    return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    double number = 0; /* argp_error does not return, which the compiler does not know */

    switch (key) {
    case 'l':
        options->list = true;
        return 0;
    case 'n':
        options->no_fork = true;
        return 0;
    case 'j':
        options->junit = arg;
        return 0;
    case 'r':
        if (!to_number(arg, 1, &number))
            argp_error(state, "not a count: %s", arg);
        options->repeat = (long)number;
        return 0;
    case 't':
        if (!to_number(arg, 0, &number))
            argp_error(state, "not a number of seconds: %s", arg);
        options->limit = (int64_t)(number * (double)CUNIT_SECOND);
        return 0;
    case ARGP_KEY_ARGS:
        options->patterns = state->argv + state->next;
        options->pattern_count = state->argc - state->next;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int procspawn__cunit_options(int argc, char **argv, struct options *ret_options)
{
    const struct argp argp = { .options = table, .parser = parse, .args_doc = "[PATTERN...]" };
    struct options options = { .repeat = 1, .limit = -1 };
    error_t rc;

    argp_err_exit_status = 2;
    rc = argp_parse(&argp, argc, argv, 0, NULL, &options);

    if (rc)
        return -rc;
    *ret_options = options;
    return 0;
}

bool procspawn__cunit_options_match(const struct options *options, const char *suite,
                                    const char *test)
{
    bool match = options->pattern_count == 0;
    char name[512];

    snprintf(name, sizeof(name), "%s/%s", suite, test);
    for (int i = 0; i < options->pattern_count; i++)
        match = match || strstr(name, options->patterns[i]) ||
                fnmatch(options->patterns[i], name, 0) == 0 ||
                fnmatch(options->patterns[i], test, 0) == 0;
    return match;
}
