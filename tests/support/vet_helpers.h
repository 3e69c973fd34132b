/*
 * vet_tools.h - examples/vet, run as a user runs it
 */
#ifndef TESTS_VET_TOOLS_H
#define TESTS_VET_TOOLS_H

#include <jansson.h>
#include <stdint.h>

#define VET "examples/vet/vet"
#define SECOND INT64_C(1000000000)

/* The path of something in examples/data, "" for all, for the caller to free. */
char *vet_data(const char *below);

/*
 * Runs vet with these arguments, ended by NULL, and returns its exit status. Sets *ret_out, which
 * the caller frees, unless it is NULL.
 */
int vet_run(char **ret_out, const char *const *arguments);
#define VET_RUN(ret_out, ...) vet_run((ret_out), (const char *const[]) { __VA_ARGS__, NULL })

/* Runs vet --json, expects this exit status, and gives the document, for the caller to release. */
json_t *vet_run_json(int expected, const char *const *arguments);
#define VET_RUN_JSON(expected, ...) \
    vet_run_json((expected), (const char *const[]) { __VA_ARGS__, NULL })

/* A number of the summary; the string of an entry, or "". */
json_int_t vet_number(const json_t *document, const char *key);
const char *vet_word(const json_t *entry, const char *key);

/* The entry of a path, which may be listed once at most; NULL if it is not. */
const json_t *vet_entry(const json_t *document, const char *path);

/* The number that stands behind a word at the start of a line, -1 if there is none. */
long long vet_line_number(const char *text, const char *name);

/* A new temporary folder. folder_remove takes it, with all that is in it. */
char *folder_new(void);
void folder_remove(char *folder);

/* Writes a file into a folder and gives its path, for the caller to free. */
char *folder_write(const char *folder, const char *name, const char *text);

/* The number of files below a folder, as find(1) counts them. */
long folder_count(const char *folder);

#endif
