/*
 * Two calls run at the same time in processes of their own, and are
 * joined. Prints "9 and 16".
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *square(json_t *number)
{
    json_int_t n = json_integer_value(number);

    return json_integer(n * n);
}

static procspawn_handle *start(int n)
{
    procspawn_handle *handle;
    json_t *number = json_integer(n);

    int code = procspawn(square, number, &handle);
    json_decref(number);
    return code < 0 ? NULL : handle;
}

static int finish(procspawn_handle *handle)
{
    json_t *result;

    if (procspawn_join(handle, &result, NULL) < 0)
        return -1;
    int n = (int)json_integer_value(result);
    json_decref(result);
    procspawn_handle_free(handle);
    return n;
}

int main(int argc, char **argv)
{
    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_handle *three = start(3), *four = start(4);
    if (three == NULL || four == NULL)
        return 1;
    int first = finish(three);
    printf("%d and %d\n", first, finish(four));
    return procspawn_fini();
}
