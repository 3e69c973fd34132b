/*
 * bytes.h - bytes values, in the form used inside one process
 *
 * {"\u0001forkscope": "\xff", "bytes": <string>}. The string holds the bytes and is not UTF-8, or
 * need not be. The mark, "\xff", is not UTF-8 either: no JSON text decodes to it and json_string()
 * refuses it, so data from outside or of the program's cannot pass for bytes. It is no secret of
 * the process, in contrast to the mark of other placeholders: a bytes value stands for nothing but
 * itself, so a copy of the process by fork(2) may use those that were made before.
 */
#ifndef FORKSCOPE_VALUE_BYTES_H
#define FORKSCOPE_VALUE_BYTES_H

#include <forkscope/bytes.h>
#include <jansson.h>
#include <stdbool.h>

/* Returns the string with the bytes, borrowed; NULL if the value is not bytes. */
const json_t *procspawn__bytes_string(const json_t *value);

#endif
