/*
 * Items from a function, results to a function; an item that fails is a
 * result as any other. Prints "0: 6", "1: odd", "2: 12".
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>

static json_t *triple(json_t *number)
{
    json_int_t n = json_integer_value(number);

    return n % 2 ? procspawn_fail("odd") : json_integer(3 * n);
}

static procspawn_map_source next;
static procspawn_map_sink print;

static int next(json_t **ret_item, void *arg)
{
    int *number = arg;

    if (*number > 4)
        return -ENODATA;
    *ret_item = json_integer((*number)++);
    return 0;
}

static int print(size_t index, struct procspawn_result *result, void *arg)
{
    (void)arg;
    if (result->error != NULL)
        printf("%zu: %s\n", index, procspawn_error_message(result->error));
    else
        printf("%zu: %d\n", index, (int)json_integer_value(result->value));
    return 0;
}

int main(int argc, char **argv)
{
    int number = 2;

    if (procspawn_init(argc, argv) < 0 ||
        procspawn_map_each(NULL, triple, next, print, &number, NULL) < 0)
        return 1;
    return procspawn_fini();
}
