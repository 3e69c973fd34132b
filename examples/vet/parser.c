#include "examples/vet/parser.h"

#include <string.h>

static const struct parser parsers[] = {
    { "jansson", parse_jansson, NULL },
    { "naive", parse_naive, NULL },
#ifdef VET_PNG
    { "png", parse_png, NULL },
#endif
#ifdef VET_XML
    { "xml", parse_xml, prepare_xml },
    { "xml-huge", parse_xml_huge, prepare_xml },
#endif
#ifdef VET_ARCHIVE
    { "archive", parse_archive, prepare_archive },
#endif
};

const struct parser *parser_find(const char *name)
{
    for (size_t i = 0; i < sizeof parsers / sizeof parsers[0]; i++)
        if (strcmp(parsers[i].name, name) == 0)
            return &parsers[i];
    return NULL;
}
