/*
 * A set of calls, two at a time in processes of their own. One is taken
 * out of the set and one is killed. Prints the sum of the others and how
 * the killed one ended: "sum 14" and "1 killed".
 */
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static json_t *square(json_t *number)
{
    json_int_t n = json_integer_value(number);

    if (n == 0)
        pause();
    return json_integer(n * n);
}

int main(int argc, char **argv)
{
    struct procspawn_result result;
    procspawn_handle *handle;
    procspawn_set *set;
    int tags[5] = { 0, 1, 2, 3, 4 }, killed = 0;
    json_int_t sum = 0;

    if (procspawn_init(argc, argv) < 0 || procspawn_set_new(&set) < 0)
        return 1;
    procspawn_set_max_running(set, 2);
    for (int i = 1; i < 4; i++) {
        json_t *number = json_integer(i);
        procspawn_set_start(set, NULL, square, number, &tags[i]);
        json_decref(number);
    }
    json_t *zero = json_integer(0), *four = json_integer(4);
    if (procspawn(square, four, &handle) == 0 &&
        procspawn_set_add(set, handle, &tags[4]) == 0 &&
        procspawn_set_remove(set, &tags[4], &handle) == 0)
        procspawn_handle_free(handle);
    procspawn_set_start(set, NULL, square, zero, &tags[0]);
    procspawn_set_kill(set, &tags[0]);
    json_decref(zero);
    json_decref(four);

    while (procspawn_set_count(set) > 0 &&
           procspawn_set_next(set, &result) == 0) {
        if (result.tag == &tags[0])
            killed += result.error != NULL;
        sum += json_integer_value(result.value);
        procspawn_result_fini(&result);
    }
    printf("sum %d\n%d killed\n", (int)sum, killed);
    procspawn_set_free(set);
    return procspawn_fini();
}
