/*
 * One function for each item of an array, and how far it is. Prints
 * "1 4 9 16" and "4 of 4".
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *square(json_t *number)
{
    json_int_t n = json_integer_value(number);

    return json_integer(n * n);
}

static procspawn_map_progress keep;

static int keep(size_t done, size_t total, void *arg)
{
    snprintf(arg, 32, "%zu of %zu", done, total);
    return 0;
}

int main(int argc, char **argv)
{
    char progress[32] = "";
    struct procspawn_map_options options = {
        .progress = keep,
        .progress_arg = progress,
    };
    json_t *squares;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    json_t *numbers = json_pack("[i, i, i, i]", 1, 2, 3, 4);
    if (procspawn_map(&options, square, numbers, &squares, NULL) == 0) {
        for (size_t i = 0; i < json_array_size(squares); i++)
            printf(i > 0 ? " %d" : "%d",
                   (int)json_integer_value(json_array_get(squares, i)));
        printf("\n%s\n", progress);
        json_decref(squares);
    }
    json_decref(numbers);
    return procspawn_fini();
}
