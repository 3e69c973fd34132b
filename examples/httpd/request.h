/*
 * request.h - one HTTP/1.1 request after the other, from a socket
 */
#ifndef HTTPD_REQUEST_H
#define HTTPD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum { REQUEST_MAX = 65536 };

/* What has been read from one connection; what follows a request stays for the next one. */
struct reader {
    int fd;
    size_t length;
    char bytes[REQUEST_MAX + 1];
    char head[REQUEST_MAX + 1]; /* of the request at hand, cut into strings */
};

/* Strings lie in the reader, until the request is dropped. */
struct request {
    const char *method;
    const char *path;
    const char *query;          /* behind the question mark; "" if there is none */
    const char *body;
    size_t body_length;
    size_t length;              /* of it all */
    bool keep_alive;
};

/*
 * 1: a whole request is there; 0: more has to be read; or the negative HTTP status that says what
 * is wrong with it.
 */
int request_parse(struct reader *reader, struct request *ret_request);

/* Makes room for the next one. */
void request_drop(struct reader *reader, const struct request *request);

#endif
