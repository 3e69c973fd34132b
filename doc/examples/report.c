/*
 * What an error knows of a crash: why it came, the thread, the frames, a
 * register, and all of it as JSON. Prints the reason,
 * "write to 0x0: null pointer", and that the first frame of the program
 * was found by a chain of frames.
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *crash(json_t *null)
{
    volatile int *volatile nowhere = NULL;

    *nowhere = 1;
    return null;
}

int main(int argc, char **argv)
{
    struct procspawn_thread thread;
    struct procspawn_frame frame;
    procspawn_error *error;
    const char *name;
    const char *text;
    uint64_t value;
    int line;

    if (procspawn_init(argc, argv) < 0 ||
        procspawn_call(crash, NULL, NULL, &error) == 0)
        return 1;
    if (procspawn_error_code(error) == PROCSPAWN_ECALL)
        puts(procspawn_error_reason(error));
    if (procspawn_error_thread_count(error) > 0 &&
        procspawn_error_thread(error, 0, &thread) == 0 &&
        procspawn_error_frame(error, thread.first, &frame) == 0 &&
        frame.source != PROCSPAWN_FRAME_SCAN)
        puts("by a chain of frames");
    if (procspawn_error_register(error, 0, &name, &value) < 0)
        puts("no registers are known");
    for (size_t i = 0; i < procspawn_error_source_count(error); i++)
        if (procspawn_error_source(error, i, &line, &text) < 0)
            puts("a line of the source is not known");
    json_t *json = procspawn_error_json(error);
    if (json_object_get(json, "frames") == NULL)
        puts("no frames are known");
    json_decref(json);
    procspawn_error_free(error);
    return procspawn_fini();
}
