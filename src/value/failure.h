/*
 * failure.h - what a called function says of its failure, as a value on its way to the caller
 *
 * In the message it is {"message", "file", "line", "function", "type", "detail"}. Of these message
 * is always there. Each string holds one character for each byte, below U+0100, because what a
 * function says need not be UTF-8.
 */
#ifndef FORKSCOPE_VALUE_FAILURE_H
#define FORKSCOPE_VALUE_FAILURE_H

#include <jansson.h>

struct procspawn__failure {
    char *message, *file, *function, *type;     /* NULL: none */
    int line;
    json_t *detail;                             /* NULL: none */
};

/* Frees what it holds, and makes it empty. */
void procspawn__failure_fini(struct procspawn__failure *failure);
/* Returns a new reference; NULL: out of memory. */
json_t *procspawn__failure_pack(const struct procspawn__failure *failure);
/*
 * Reads an untrusted value. The strings are new, the detail is a new reference. Returns 0; -EPROTO:
 * it is no failure; or -ENOMEM.
 */
int procspawn__failure_unpack(const json_t *value, struct procspawn__failure *ret_failure);

#endif
