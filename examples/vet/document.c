#include "examples/vet/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room that a file gets which does not know its size, as those of /proc. */
#define ROOM_MIN 4096

static const char *why_refused(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return NULL;
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a FIFO, not a file";
    case S_IFSOCK:
        return "a socket, not a file";
    default:
        return "a device, not a file";
    }
}

/*
 * Opening a device can do things, so its kind is asked first; and again, for it may be another by
 * now.
 */
const char *document_open(const char *path, int *ret_fd, size_t *ret_size)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return strerror(errno);
    const char *refused = why_refused(status.st_mode);
    if (refused)
        return refused;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return strerror(errno);
    refused = fstat(fd, &status) < 0 ? strerror(errno) : why_refused(status.st_mode);
    if (refused) {
        close(fd);
        return refused;
    }
    *ret_fd = fd;
    *ret_size = (size_t)status.st_size;
    return NULL;
}

/* Makes room for at least one more byte and the NUL. */
static bool grow(struct document *document, size_t *room)
{
    if (document->length + 1 < *room)
        return true;
    char *text = realloc(document->text, 2 * *room);
    if (!text)
        return false;
    document->text = text;
    *room *= 2;
    return true;
}

static const char *read_all(int fd, struct document *document, size_t room)
{
    for (;;) {
        if (!grow(document, &room))
            return strerror(ENOMEM);
        ssize_t got = read(fd, document->text + document->length, room - document->length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return strerror(errno);
        if (got == 0)
            return NULL;
        document->length += (size_t)got;
    }
}

const char *document_read(int fd, size_t size, struct document *ret_document)
{
    /* One byte for the NUL, one to see the end of the file without growing. */
    size_t room = size + 2 < ROOM_MIN ? ROOM_MIN : size + 2;
    struct document document = { malloc(room), 0 };
    const char *failure = document.text ? read_all(fd, &document, room) : strerror(ENOMEM);
    if (failure) {
        free(document.text);
        return failure;
    }
    document.text[document.length] = '\0';
    *ret_document = document;
    return NULL;
}
