/*
 * document.h - the contents of a file
 */
#ifndef VET_DOCUMENT_H
#define VET_DOCUMENT_H

#include <stddef.h>

struct document {
    char *text;         /* with a NUL behind it */
    size_t length;      /* without the NUL */
};

/*
 * Opens a file for reading. Never waits for what is no regular file (a FIFO without a writer, a
 * terminal), but refuses it. Returns NULL and sets *ret_fd and *ret_size, or the reason why it
 * cannot be opened, a static string.
 */
const char *document_open(const char *path, int *ret_fd, size_t *ret_size);

/*
 * Reads the rest of an open file, which has about this size. Returns NULL and sets *ret_document,
 * whose text the caller frees; or the reason why it cannot be read, a static string.
 */
const char *document_read(int fd, size_t size, struct document *ret_document);

#endif
