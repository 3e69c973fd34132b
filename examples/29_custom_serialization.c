/*
 * 29_custom_serialization.c - a type of one's own, which travels in a form of its own
 *
 * Shows PROCSPAWN_TYPE_OWNED and procspawn_in_ipc_mode: to another process goes only the path of a
 * file, which is read there again. Prints where the file is opened and what is packed; at last
 * whether the bytes are the same.
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct contents {
    char *path;
    char *bytes;
    size_t length;
};

static pid_t caller;

static const char *here(void)
{
    return getpid() == caller ? "the caller" : "the other process";
}

static int read_contents(const char *path, struct contents *ret_contents)
{
    enum { MOST = 1 << 20 };
    FILE *file = fopen(path, "rb");

    if (!file)
        return -1;
    printf("opening the file in %s\n", here());
    *ret_contents = (struct contents){ strdup(path), malloc(MOST), 0 };
    if (ret_contents->bytes)
        ret_contents->length = fread(ret_contents->bytes, 1, MOST, file);
    fclose(file);
    return 0;
}

static void release_contents(struct contents *contents)
{
    free(contents->path);
    free(contents->bytes);
}

static json_t *pack_contents(const struct contents *contents)
{
    printf("packing %s in %s\n", procspawn_in_ipc_mode() ? "the path" : "all", here());
    if (procspawn_in_ipc_mode())
        return json_string(contents->path);
    return json_pack("{s:s, s:I}", "path", contents->path, "length", (json_int_t)contents->length);
}

static int unpack_contents(const json_t *json, struct contents *ret_contents)
{
    return json_is_string(json) ? read_contents(json_string_value(json), ret_contents) : -1;
}

#define PROCSPAWN_WORD_contents PROCSPAWN_USER
PROCSPAWN_TYPE_OWNED(contents, struct contents, pack_contents, unpack_contents, release_contents);

PROCSPAWN_DEFINE_STATIC(look_at, contents, (contents, given))
{
    struct contents result;

    printf("looking at it in %s\n", here());
    return read_contents(given.path, &result) == 0 ? result : (struct contents){ NULL, NULL, 0 };
}

int main(int argc, char **argv)
{
    struct contents first, second;

    setlinebuf(stdout);
    caller = getpid();
    if (procspawn_init(argc, argv) < 0 || read_contents("/etc/passwd", &first) < 0 ||
        look_at_call(first, &second, NULL) < 0)
        return 1;
    json_decref(pack_contents(&first));
    printf("the same: %s\n", first.length == second.length &&
           memcmp(first.bytes, second.bytes, first.length) == 0 ? "yes" : "no");
    release_contents(&first);
    release_contents(&second);
    return procspawn_fini() == 0 ? 0 : 1;
}
