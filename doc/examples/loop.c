/*
 * A loop around poll(2) that waits for the results of many calls by one
 * descriptor. Prints "sum 30".
 */
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>

static json_t *square(json_t *number)
{
    json_int_t n = json_integer_value(number);

    return json_integer(n * n);
}

int main(int argc, char **argv)
{
    struct procspawn_result result;
    procspawn_set *set;
    json_int_t sum = 0;

    if (procspawn_init(argc, argv) < 0 || procspawn_set_new(&set) < 0)
        return 1;
    for (int i = 1; i <= 4; i++) {
        json_t *number = json_integer(i);
        procspawn_set_start(set, NULL, square, number, NULL);
        json_decref(number);
    }
    struct pollfd readable = { procspawn_set_fd(set), POLLIN, 0 };
    while (procspawn_set_count(set) > 0) {
        poll(&readable, 1, -1);
        while (procspawn_set_next_timeout(set, 0, &result) == 0) {
            sum += json_integer_value(result.value);
            procspawn_result_fini(&result);
        }
    }
    printf("sum %d\n", (int)sum);
    procspawn_set_free(set);
    return procspawn_fini();
}
