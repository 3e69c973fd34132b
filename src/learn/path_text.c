/*
 * path_text.c - paths as text
 */
#include "src/learn/path_text.h"

#include <string.h>

/* Appends a path without empty parts and without "."; the root has a length of 0 meanwhile. */
static bool append(const char *path, char *text, size_t size, size_t *length)
{
    while (*path != '\0') {
        const size_t part = strcspn(path, "/");
        if (part > 0 && !(part == 1 && *path == '.')) {
            if (*length + 1 + part >= size)
                return false;
            text[*length] = '/';
            memcpy(text + *length + 1, path, part);
            *length += 1 + part;
        }
        path += part;
        path += *path == '/';
    }
    text[*length] = '\0';
    return true;
}

bool procspawn__path_join(const char *directory, const char *path, char *ret_path, size_t size)
{
    size_t length = 0;

    if (size < 2)
        return false;
    if (*path != '/' && (*directory != '/' || !append(directory, ret_path, size, &length)))
        return false;
    if (!append(path, ret_path, size, &length))
        return false;
    if (length == 0)
        memcpy(ret_path, "/", 2);
    return true;
}
