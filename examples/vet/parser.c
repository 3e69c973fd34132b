#include "examples/vet/parser.h"

#include <string.h>

static const struct {
    const char *name;
    parser_function *function;
} parsers[] = {
    { "jansson", parse_jansson },
    { "naive", parse_naive },
};

parser_function *parser_find(const char *name)
{
    for (size_t i = 0; i < sizeof parsers / sizeof parsers[0]; i++)
        if (strcmp(parsers[i].name, name) == 0)
            return parsers[i].function;
    return NULL;
}
