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
 * Reads a whole file. Never waits for what is no regular file (a FIFO without a writer, a
 * terminal), but refuses it. Returns NULL and sets *ret_document, whose text the caller frees; or
 * the reason why it cannot be read, a static string.
 */
const char *document_read(const char *path, struct document *ret_document);

#endif
