/*
 * parser.h - the parsers that vet can run
 *
 * A parser gets a whole document and says whether it is one. It runs in a process of its own, so
 * that it may do what it likes with that process; what it may do beyond, the sandbox says.
 */
#ifndef VET_PARSER_H
#define VET_PARSER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Why and where a document was rejected. Lines and columns count from 1; columns count characters.
 * What has no lines is rejected in line 0.
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
parser_function parse_png;
parser_function parse_xml;
parser_function parse_xml_huge;
parser_function parse_archive;

/*
 * What a parser's library would open files for at its first use. It runs once in the program itself
 * before the files are known, and the parser's processes inherit what it has done.
 */
void prepare_xml(void);
void prepare_archive(void);

struct parser {
    const char *name;
    parser_function *function;
    void (*prepare)(void);      /* or NULL */
};

/* The parser of that name, or NULL. */
const struct parser *parser_find(const char *name);

/* The names of all parsers that were built, for people; "" for those whose library was not here. */
#ifdef VET_PNG
#define PARSER_PNG ", png"
#else
#define PARSER_PNG ""
#endif
#ifdef VET_XML
#define PARSER_XML ", xml, xml-huge"
#else
#define PARSER_XML ""
#endif
#ifdef VET_ARCHIVE
#define PARSER_ARCHIVE ", archive"
#else
#define PARSER_ARCHIVE ""
#endif
#define PARSER_NAMES "jansson, naive" PARSER_PNG PARSER_XML PARSER_ARCHIVE

#endif
