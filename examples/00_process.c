#include <forkscope.h>

static json_t *crash(json_t *null)
{
    return *(json_t **)(json_integer_value(null) + 8);      /* nothing is mapped there */
}

int main(int argc, char **argv)
{
    procspawn_error *error = NULL;
    procspawn_init(argc, argv);             /* first thing in main: forks the server */
    if (procspawn_call(crash, NULL, NULL, &error) < 0)
        printf("still here: %s\n", procspawn_error_message(error));
    procspawn_error_free(error);
    return procspawn_fini();
}
