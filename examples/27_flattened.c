/*
 * 27_flattened.c - values that a fixed binary layout cannot carry
 *
 * Shows flattened objects, arrays of unknown length and null on their way through a process and
 * back. Prints the value as it returns.
 */
#include <forkscope.h>
#include <stdio.h>

/* Flattens {"inner": {...}} into the object itself. */
static json_t *flatten(json_t *object)
{
    json_t *flat = json_copy(object);

    json_object_update(flat, json_object_get(object, "inner"));
    json_object_del(flat, "inner");
    return flat;
}

int main(int argc, char **argv)
{
    json_t *object = json_pack("{s:s, s:{s:i, s:[i, s, n]}, s:n}", "name", "outer", "inner",
                               "value", 42, "list", 1, "two", "nothing");
    json_t *flat;

    if (procspawn_init(argc, argv) < 0 || procspawn_call(flatten, object, &flat, NULL) < 0)
        return 1;
    json_dumpf(flat, stdout, JSON_SORT_KEYS);
    puts("");
    json_decref(flat);
    json_decref(object);
    return procspawn_fini() == 0 ? 0 : 1;
}
