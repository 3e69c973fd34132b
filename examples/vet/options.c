#include "examples/vet/options.h"

#include "examples/vet/parser.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NANOSECONDS 1e9
#define JOBS_MAX 1024
#define LIMIT_MAX 86400.0
#define MEGABYTE (UINT64_C(1) << 20)
#define MEMORY_MAX 1048576
#define READS_MAX 256

static const char *const sandboxes[] = {
    [PROCSPAWN_SANDBOX_NONE] = "none",
    [PROCSPAWN_SANDBOX_COMPUTE] = "compute",
    [PROCSPAWN_SANDBOX_FILES] = "files",
};

static const struct argp_option known[] = {
    { "parser", 'p', "NAME", 0, "The parser: " PARSER_NAMES " (default: jansson)", 0 },
    { "jobs", 'j', "N", 0, "Calls in flight (default: one for each processor)", 0 },
    { "limit", 'l', "SECONDS", 0, "Longest time for one file (default: 2)", 0 },
    { "sandbox", 's', "PROFILE", 0,
      "What the parser may do: compute, files (with --read) or none (default: compute)", 0 },
    { "read", 'r', "PATH", 0, "With --sandbox=files: the parser may read below PATH", 0 },
    { "memory", 'm', "MEGABYTES", 0, "Most memory for one file (default: 1024)", 0 },
    { "json", 'J', NULL, 0, "Print one JSON document instead of lines", 0 },
    { "quiet", 'q', NULL, 0, "Print only the summary", 0 },
    { 0 }
};

static const char documentation[] =
    "Tells for each file whether it is a document, with a parser that may crash, hang or be taken "
    "over: it runs in a process of its own for each file, in a sandbox."
    "\v"
    "Directories are walked with all that is in them; symbolic links in them are not followed. "
    "What is no regular file is reported as unreadable. Each file that is not simply ok gets a "
    "line.\n\n"
    "A parser gets its file open. In the sandbox it opens nothing else, makes no process and "
    "reaches no network; what it tries is reported as a violation. Where the kernel has no "
    "sandboxes vet runs with --sandbox=none only.\n\n"
    "Exit status: 0 all files are ok; 1 some were rejected or unreadable; 2 some crashed the "
    "parser, violated its sandbox, timed out or stayed undecided; 3 vet itself failed, or its "
    "sandbox cannot be had; 64 bad usage; 130 it was interrupted.";

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

static enum procspawn_sandbox read_sandbox(const char *text, struct argp_state *state)
{
    for (size_t i = 0; i < sizeof sandboxes / sizeof sandboxes[0]; i++)
        if (strcmp(text, sandboxes[i]) == 0)
            return (enum procspawn_sandbox)i;
    argp_error(state, "--sandbox takes compute, files or none");
    return PROCSPAWN_SANDBOX_COMPUTE;
}

static uint64_t read_memory(const char *text, struct argp_state *state)
{
    char *end;
    long megabytes = strtol(text, &end, 10);
    if (end == text || *end != '\0' || megabytes < 1 || megabytes > MEMORY_MAX)
        argp_error(state, "--memory takes megabytes, from 1 to %d", MEMORY_MAX);
    return (uint64_t)megabytes * MEGABYTE;
}

static void add_read(struct options *options, char *path, struct argp_state *state)
{
    char **reads = options->reads;
    if (options->read_count == READS_MAX)
        argp_error(state, "--read can be given %d times at most", READS_MAX);
    if (!reads && !(reads = calloc(READS_MAX, sizeof *reads)))
        argp_failure(state, 3, ENOMEM, "--read");
    options->reads = reads;
    reads[options->read_count++] = path;
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
    case 's':
        options->sandbox = read_sandbox(argument, state);
        return 0;
    case 'r':
        add_read(options, argument, state);
        return 0;
    case 'm':
        options->memory = read_memory(argument, state);
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
    case ARGP_KEY_END:
        if (options->read_count > 0 && options->sandbox != PROCSPAWN_SANDBOX_FILES)
            argp_error(state, "--read needs --sandbox=files");
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
        .sandbox = PROCSPAWN_SANDBOX_COMPUTE,
        .memory = 1024 * MEGABYTE,
    };
    argp_parse(&argp, argc, argv, 0, NULL, ret_options);
}

void options_fini(struct options *options)
{
    free(options->reads);
}

const char *options_sandbox_name(const struct options *options)
{
    return sandboxes[options->sandbox];
}
