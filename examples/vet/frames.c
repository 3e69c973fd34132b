#include "examples/vet/frames.h"

#include "examples/vet/name.h"

#include <stdlib.h>
#include <string.h>

/* Frames that go into a line. */
#define FRAMES_SHOWN 4

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
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

/* What the parser called is what counts: the library and the system are the same each time. */
void frames_print(const procspawn_error *error, FILE *stream)
{
    struct procspawn_frame frame;
    int shown = 0;
    for (size_t i = 0; shown < FRAMES_SHOWN && procspawn_error_frame(error, i, &frame) == 0; i++) {
        if (frame.thread != 0 || frame.owner != PROCSPAWN_FRAME_PROGRAM)
            continue;
        fputs(shown++ == 0 ? " in " : " <- ", stream);
        print_frame(&frame, stream);
    }
}
