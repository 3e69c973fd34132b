#include "examples/vet/frames.h"

#include "examples/vet/name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Frames that go into a line. */
#define FRAMES_SHOWN 4

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool in_c_library(const procspawn_error *error, size_t index)
{
    struct procspawn_frame frame;
    if (procspawn_error_frame(error, index, &frame) < 0 || frame.thread != 0 || !frame.module)
        return false;
    return strncmp(base_name(frame.module), "libc.so.", strlen("libc.so.")) == 0;
}

/* How the C library comes to abort is the same each time; what the parser called is what counts. */
static size_t first_of_interest(const procspawn_error *error)
{
    size_t index = 0;
    while (in_c_library(error, index) && in_c_library(error, index + 1))
        index++;
    return index;
}

static void print_frame(const struct procspawn_frame *frame, FILE *stream)
{
    const char *module = frame->module ? base_name(frame->module) : "?";
    const char *name = frame->symbol ? frame->symbol : module;
    char *text = name_printable(name);
    fputs(text ? text : "?", stream);
    free(text);
    if (!frame->symbol)
        fprintf(stream, "+0x%llx", (unsigned long long)(frame->module ? frame->offset : frame->ip));
}

void frames_print(const procspawn_error *error, FILE *stream)
{
    size_t first = first_of_interest(error);
    struct procspawn_frame frame;
    for (size_t i = first; i < first + FRAMES_SHOWN; i++) {
        if (procspawn_error_frame(error, i, &frame) < 0 || frame.thread != 0)
            break;
        fputs(i == first ? " in " : " <- ", stream);
        print_frame(&frame, stream);
    }
}
