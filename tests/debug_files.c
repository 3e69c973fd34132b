/*
 * debug_files.c PLUGIN: crashes in a library that is loaded in the child, and prints what the frames
 * of that library are: name, file, line, and "inlined"; then the line of source
 */
#include <dlfcn.h>
#include <forkscope.h>
#include <stdio.h>
#include <string.h>

struct box {
    int *value;
};

static json_t *crash(json_t *path)
{
    void *library = dlopen(json_string_value(path), RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "plugin_crash") : NULL;
    struct box box = { NULL };
    int (*function)(struct box *);

    memcpy(&function, &symbol, sizeof symbol);
    return json_integer(function ? function(&box) : 0);
}

static const char *base(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : path ? path : "-";
}

static void print_frames(const procspawn_error *error)
{
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++)
        if (frame.module && strcmp(base(frame.module), "plugin.so") == 0)
            printf("%s %s:%d%s\n", frame.symbol ? frame.symbol : "?", base(frame.file), frame.line,
                   frame.inlined ? " inlined" : "");
}

static void print_source(const procspawn_error *error)
{
    struct procspawn_frame frame;
    const char *text;
    int line;

    procspawn_error_frame(error, procspawn_error_source_frame(error), &frame);
    if (strcmp(base(frame.module), "plugin.so") != 0)
        return;
    for (size_t i = 0; procspawn_error_source(error, i, &line, &text) == 0; i++)
        if (line == frame.line)
            printf("%s\n", text + strspn(text, " "));
}

int main(int argc, char **argv)
{
    procspawn_error *error;
    json_t *result;

    if (argc < 2 || procspawn_init(argc, argv) < 0 ||
        procspawn_call(crash, json_string(argv[1]), &result, &error) >= 0)
        return 1;
    print_frames(error);
    print_source(error);
    procspawn_error_free(error);
    procspawn_fini();
    return 0;
}
