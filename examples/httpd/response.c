#include "examples/httpd/response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

static const char *reason_of(int status)
{
    static const struct { int status; const char *reason; } reasons[] = {
        { 200, "OK" }, { 400, "Bad Request" }, { 404, "Not Found" }, { 413, "Content Too Large" },
        { 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
        { 501, "Not Implemented" }, { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

static bool send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

bool response_send(int fd, int status, json_t *body, bool keep_alive)
{
    char *text = json_dumps(body, JSON_COMPACT), *bytes = NULL;
    int length = -1;

    if (text)
        length = asprintf(&bytes, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\nConnection: %s\r\n\r\n%s\n", status,
                          reason_of(status), strlen(text) + 1, keep_alive ? "keep-alive" : "close",
                          text);
    bool sent = length >= 0 && send_all(fd, bytes, (size_t)length);
    if (length >= 0)
        free(bytes);
    free(text);
    json_decref(body);
    return sent;
}
