#include "examples/vet/options.h"

#include "examples/vet/parser.h"

#include <argp.h>
#include <stdlib.h>
#include <unistd.h>

#define NANOSECONDS 1e9
#define JOBS_MAX 1024
#define LIMIT_MAX 86400.0

static const struct argp_option known[] = {
    { "parser", 'p', "NAME", 0, "The parser: " PARSER_NAMES " (default: jansson)", 0 },
    { "jobs", 'j', "N", 0, "Calls in flight (default: one for each processor)", 0 },
    { "limit", 'l', "SECONDS", 0, "Longest time for one file (default: 2)", 0 },
    { "json", 'J', NULL, 0, "Print one JSON document instead of lines", 0 },
    { "quiet", 'q', NULL, 0, "Print only the summary", 0 },
    { 0 }
};

static const char documentation[] =
    "Tells for each file whether it is a JSON document, with a parser that may crash or hang: it "
    "runs in a process of its own for each file."
    "\v"
    "Directories are walked with all that is in them; symbolic links in them are not followed. "
    "What is no regular file is reported as unreadable. Each file that is not simply ok gets a "
    "line.\n\n"
    "Exit status: 0 all files are ok; 1 some were rejected or unreadable; 2 some crashed the "
    "parser, timed out or stayed undecided; 3 vet itself failed; 64 bad usage; 130 it was "
    "interrupted.";

static long read_jobs(const char *text, struct argp_state *state)
{
    char *end;
    long jobs = strtol(text, &end, 10);
    if (end == text || *end != '\0' || jobs < 1 || jobs > JOBS_MAX)
        argp_error(state, "--jobs takes a number from 1 to %d", JOBS_MAX);
    return jobs;
}

static int64_t read_limit(const char *text, struct argp_state *state)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0.001 && seconds <= LIMIT_MAX))
        argp_error(state, "--limit takes seconds, from 0.001 to %.0f", LIMIT_MAX);
    return (int64_t)(seconds * NANOSECONDS);
}

static error_t read_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'p':
        if (!parser_find(argument))
            argp_error(state, "no parser is called %s; there are " PARSER_NAMES, argument);
        options->parser = argument;
        return 0;
    case 'j':
        options->jobs = (int)read_jobs(argument, state);
        return 0;
    case 'l':
        options->limit = read_limit(argument, state);
        return 0;
    case 'J':
        options->json = true;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case ARGP_KEY_ARGS:
        options->paths = state->argv + state->next;
        options->count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no file or directory given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void options_parse(int argc, char **argv, struct options *ret_options)
{
    static const struct argp argp = {
        .options = known, .parser = read_option, .args_doc = "FILE...", .doc = documentation,
    };
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *ret_options = (struct options) {
        .parser = "jansson",
        .jobs = processors < 1 ? 1 : processors > JOBS_MAX ? JOBS_MAX : (int)processors,
        .limit = (int64_t)(2 * NANOSECONDS),
    };
    argp_parse(&argp, argc, argv, 0, NULL, ret_options);
}
