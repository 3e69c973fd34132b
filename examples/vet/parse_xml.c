/*
 * parse_xml.c - libxml2 as a parser for vet
 *
 * It replaces entities, as many programs have it do, so a document can name a file to be read into
 * it: without a sandbox it is read, in a sandbox that is a violation. Nothing is fetched from the
 * network. xml-huge lifts libxml2's own limits of depth and size; what is left are those of the
 * process.
 */
#include "examples/vet/parser.h"

#include <iconv.h>
#include <libxml/catalog.h>
#include <libxml/parser.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Beyond those that libxml2 knows by itself. Of others the C library would load the table later. */
static const char *const encodings[] = {
    "ISO-8859-2", "ISO-8859-15", "windows-1250", "windows-1251", "windows-1252", "KOI8-R",
    "Shift_JIS", "EUC-JP", "ISO-2022-JP", "GB2312", "GBK", "GB18030", "Big5", "EUC-KR",
};

/* They stay open, for they keep the tables loaded. */
static iconv_t from[sizeof encodings / sizeof encodings[0]];
static iconv_t to[sizeof encodings / sizeof encodings[0]];

void prepare_xml(void)
{
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        from[i] = iconv_open("UTF-8", encodings[i]);
        to[i] = iconv_open(encodings[i], "UTF-8");
    }
    xmlInitParser();
    xmlCatalogSetDefaults(XML_CATA_ALLOW_NONE);
}

struct first_error {
    struct complaint *complaint;
    bool found;
};

/* A file that it names and that cannot be read is a fault of a document, too. */
static void note(void *arg, const xmlError *error)
{
    struct first_error *first = arg;
    struct complaint *complaint = first->complaint;
    const char *message = error->message ? error->message : "no document";
    if (first->found || (error->level < XML_ERR_ERROR && error->code != XML_IO_LOAD_ERROR))
        return;
    first->found = true;
    if (error->line > 0) {
        complaint->line = error->line;
        complaint->column = error->int2 > 0 ? error->int2 : 1;
    }
    snprintf(complaint->message, sizeof complaint->message, "%.*s", (int)strcspn(message, "\n"),
             message);
}

static bool parse(const char *text, size_t length, int more, struct complaint *ret_complaint)
{
    struct first_error first = { ret_complaint, false };
    *ret_complaint = (struct complaint) { 1, 1, "too long, or out of memory" };
    xmlSetStructuredErrorFunc(&first, (xmlStructuredErrorFunc)note);
    xmlDocPtr document = length > INT_MAX ? NULL :
                         xmlReadMemory(text, (int)length, NULL, NULL,
                                       XML_PARSE_NOENT | XML_PARSE_NONET | more);
    xmlSetStructuredErrorFunc(NULL, NULL);
    xmlFreeDoc(document);
    return document && !first.found;
}

bool parse_xml(const char *text, size_t length, struct complaint *ret_complaint)
{
    return parse(text, length, 0, ret_complaint);
}

bool parse_xml_huge(const char *text, size_t length, struct complaint *ret_complaint)
{
    return parse(text, length, XML_PARSE_HUGE, ret_complaint);
}
