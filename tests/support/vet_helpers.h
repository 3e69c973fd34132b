/*
 * vet_helpers.h - examples/vet, run as a user runs it
 */
#ifndef FORKSCOPE_SUPPORT_VET_HELPERS_H
#define FORKSCOPE_SUPPORT_VET_HELPERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VET "examples/vet/vet"
#define SECOND INT64_C(1000000000)

/* Whether vet was built with this parser; if not, it has said so. */
bool vet_has(const char *parser);

/* Whether a small limit of memory means what it says; if not, it has said so. */
bool vet_limits_memory(void);

/* Returns the path of a file in examples/data ("": of the folder); the caller frees it. */
char *vet_data(const char *below);

/*
 * Runs vet with these arguments, ended by NULL, and returns its exit status. Sets *ret_out, which
 * the caller frees, unless it is NULL.
 */
int vet_run(char **ret_out, const char *const *arguments);
#define VET_RUN(ret_out, ...) vet_run((ret_out), (const char *const[]) { __VA_ARGS__, NULL })

/*
 * Runs vet --json, expects this exit status, and returns the document, which the caller releases.
 */
json_t *vet_run_json(int expected, const char *const *arguments);
#define VET_RUN_JSON(expected, ...) \
    vet_run_json((expected), (const char *const[]) { __VA_ARGS__, NULL })

/* Return a number of the summary; the string of an entry, or "". */
json_int_t vet_number(const json_t *document, const char *key);
const char *vet_word(const json_t *entry, const char *key);

/* Returns the entry of a path, which must not be listed twice; NULL: not listed. */
const json_t *vet_entry(const json_t *document, const char *path);

/* Returns the number after a word at the start of a line; -1: none. */
long long vet_line_number(const char *text, const char *name);

/* Creates a temporary folder. folder_remove removes it with its files, and frees the path. */
char *folder_new(void);
void folder_remove(char *folder);

/* Writes a file into a folder and returns its path, which the caller frees. */
char *folder_write(const char *folder, const char *name, const char *text);
char *folder_write_bytes(const char *folder, const char *name, const void *bytes, size_t length);

/* Returns the number of files below a folder, as find(1) counts them. */
long folder_count(const char *folder);

#endif
