/*
 * 21_args.c - the program's arguments, as seen in a process of its own
 *
 * Shows procspawn_args in a child. Prints the arguments but for the program's own name.
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *arguments(json_t *unused)
{
    json_t *list = json_array();
    char **argv;
    int argc;

    (void)unused;
    if (procspawn_args(&argc, &argv) < 0)
        procspawn_panic("no arguments here");
    for (int i = 1; i < argc; i++)
        json_array_append_new(list, json_string(argv[i]));
    return list;
}

int main(int argc, char **argv)
{
    char *standing_in[] = { argv[0], (char[]){ "--shiny" }, (char[]){ "file" }, NULL };
    json_t *list;

    if (procspawn_init(argc > 1 ? argc : 3, argc > 1 ? argv : standing_in) < 0)
        return 1;
    if (procspawn_call(arguments, NULL, &list, NULL) < 0)
        return 1;
    printf("args in subprocess: ");
    json_dumpf(list, stdout, 0);
    puts("");
    json_decref(list);
    return procspawn_fini() == 0 ? 0 : 1;
}
