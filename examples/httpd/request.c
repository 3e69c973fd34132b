#include "examples/httpd/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const blank_line = "\r\n\r\n";

/* Cuts a word off; NULL if no separator follows. */
static char *cut(char **rest, const char *separator)
{
    char *word = *rest, *end = strstr(word, separator);

    if (!end)
        return NULL;
    *end = '\0';
    *rest = end + strlen(separator);
    return word;
}

static bool has_name(const char *line, const char *name, const char **ret_value)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return false;
    *ret_value = line + length + 1 + strspn(line + length + 1, " \t");
    return true;
}

static int read_length(const char *text, size_t *ret_length)
{
    char *end;
    unsigned long length = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || *text == '-')
        return -400;
    if (length > REQUEST_MAX)
        return -413;
    *ret_length = length;
    return 0;
}

static int parse_headers(char *lines, struct request *request)
{
    const char *value;
    char *line;
    int rc = 0;

    while (rc == 0 && (line = cut(&lines, "\r\n"))) {
        if (!strchr(line, ':'))
            rc = -400;
        else if (has_name(line, "Content-Length", &value))
            rc = read_length(value, &request->body_length);
        else if (has_name(line, "Transfer-Encoding", &value))
            rc = -501;
        else if (has_name(line, "Connection", &value))
            request->keep_alive = strcasecmp(value, "close") != 0 &&
                                  (request->keep_alive || strcasecmp(value, "keep-alive") == 0);
    }
    return rc;
}

static int parse_line(char **rest, struct request *request)
{
    char *line = cut(rest, "\r\n");
    request->method = line ? cut(&line, " ") : NULL;
    char *target = request->method ? cut(&line, " ") : NULL;

    if (!target || *target != '/' || strncmp(line, "HTTP/1.", 7) != 0)
        return -400;
    request->keep_alive = strcmp(line, "HTTP/1.0") != 0;
    request->path = strsep(&target, "?");
    request->query = target ? target : "";
    return 0;
}

/* The head is parsed in a copy, so that nothing is cut while the body is still to come. */
static int parse_head(struct reader *reader, size_t head, struct request *ret_request)
{
    char *rest = reader->head;

    memcpy(reader->head, reader->bytes, head);
    reader->head[head - 2] = '\0';
    *ret_request = (struct request){ .length = head };
    int rc = parse_line(&rest, ret_request);
    return rc < 0 ? rc : parse_headers(rest, ret_request);
}

int request_parse(struct reader *reader, struct request *ret_request)
{
    reader->bytes[reader->length] = '\0';
    const char *end = strstr(reader->bytes, blank_line);

    if (!end)
        return reader->length == REQUEST_MAX ? -431 : 0;
    size_t head = (size_t)(end - reader->bytes) + strlen(blank_line);
    int rc = parse_head(reader, head, ret_request);
    if (rc < 0)
        return rc;
    if (ret_request->body_length > REQUEST_MAX - head)
        return -413;
    ret_request->body = reader->bytes + head;
    ret_request->length = head + ret_request->body_length;
    return reader->length >= ret_request->length;
}

void request_drop(struct reader *reader, const struct request *request)
{
    reader->length -= request->length;
    memmove(reader->bytes, reader->bytes + request->length, reader->length);
}
