#include "examples/vet/child.h"

#include "examples/vet/document.h"
#include "examples/vet/name.h"
#include "examples/vet/parser.h"

#include <forkscope/procspawn.h>
#include <stdlib.h>

json_t *child_question(const char *path, const char *parser)
{
    return json_pack("{s:o, s:s}", "path", name_pack(path), "parser", parser);
}

static json_t *answer_for(const struct document *document, parser_function *parse)
{
    struct complaint complaint;
    if (parse(document->text, document->length, &complaint))
        return json_pack("{s:s, s:I}", "outcome", "ok", "bytes", (json_int_t)document->length);
    return json_pack("{s:s, s:I, s:i, s:i, s:s}", "outcome", "rejected",
                     "bytes", (json_int_t)document->length, "line", complaint.line,
                     "column", complaint.column, "message", complaint.message);
}

json_t *child_answer(json_t *question)
{
    char *path = name_unpack(json_object_get(question, "path"));
    parser_function *parse = parser_find(json_string_value(json_object_get(question, "parser")));
    if (!path || !parse)
        procspawn_panic("malformed question");

    struct document document;
    const char *failure = document_read(path, &document);
    free(path);
    if (failure)
        return json_pack("{s:s, s:s}", "outcome", "unreadable", "message", failure);
    json_t *answer = answer_for(&document, parse);
    free(document.text);
    return answer;
}
