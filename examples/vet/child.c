#include "examples/vet/child.h"

#include "examples/vet/document.h"
#include "examples/vet/parser.h"

#include <forkscope/procspawn.h>
#include <forkscope/value.h>
#include <stdlib.h>
#include <unistd.h>

json_t *child_question(int fd, size_t size, const char *parser)
{
    return json_pack("{s:o, s:I, s:s}", "file", procspawn_value_fd(fd), "size", (json_int_t)size,
                     "parser", parser);
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
    const char *name = json_string_value(json_object_get(question, "parser"));
    json_int_t size = json_integer_value(json_object_get(question, "size"));
    const struct parser *parser = parser_find(name);
    int fd;
    if (!parser || procspawn_value_claim_fd(json_object_get(question, "file"), &fd) < 0)
        procspawn_panic("malformed question");

    struct document document;
    const char *failure = document_read(fd, (size_t)size, &document);
    close(fd);
    if (failure)
        return json_pack("{s:s, s:s}", "outcome", "unreadable", "message", failure);
    json_t *answer = answer_for(&document, parser->function);
    free(document.text);
    return answer;
}
