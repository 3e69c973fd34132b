/*
 * parser.h - the parsers that vet can run
 *
 * A parser gets a whole document and says whether it is one. It runs in a process of its own, so
 * that it may do what it likes with that process.
 */
#ifndef VET_PARSER_H
#define VET_PARSER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Why and where a document was rejected. Lines and columns count from 1; columns count characters.
 */
struct complaint {
    int line;
    int column;
    char message[160];
};

/*
 * Parses length bytes of text, behind which there is one more byte, a NUL. Returns true for a
 * document, else false with *ret_complaint filled in.
 */
typedef bool parser_function(const char *text, size_t length, struct complaint *ret_complaint);

parser_function parse_jansson;
parser_function parse_naive;

/* The parser of that name, or NULL. */
parser_function *parser_find(const char *name);

/* The names of all parsers, for people. */
#define PARSER_NAMES "jansson, naive"

#endif
