/*
 * What a JSON value can stand for. An array of as many descriptors as one
 * message carries is sent; the function takes one and lets go of the
 * others. Prints "descriptor, then plain".
 */
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static json_t *take_one(json_t *files)
{
    enum procspawn_value_kind kind;
    int fd;

    kind = procspawn_value_kind(json_array_get(files, 0));
    if (procspawn_value_claim_fd(json_array_get(files, 0), &fd) < 0)
        return NULL;
    close(fd);
    procspawn_value_drop(files);            /* closes the others at once */
    return json_string(kind == PROCSPAWN_VALUE_FD ? "descriptor" : "other");
}

int main(int argc, char **argv)
{
    json_t *files = json_array(), *result;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    for (int i = 0; i < PROCSPAWN_DESCRIPTORS_MAX; i++)
        json_array_append_new(files, procspawn_value_fd(STDIN_FILENO));
    if (procspawn_call(take_one, files, &result, NULL) == 0) {
        printf("%s, then %s\n", json_string_value(result),
               procspawn_value_kind(result) == PROCSPAWN_VALUE_PLAIN
                   ? "plain" : "other");
        json_decref(result);
    }
    json_decref(files);
    return procspawn_fini();
}
