/*
 * 28_macro.c - a function with plain C parameters, callable in other processes
 *
 * Shows PROCSPAWN_DEFINE: what is defined once can be called here, and elsewhere by _call; no JSON
 * is in sight, and a number that does not fit is refused before anything is started. Prints the
 * sum, the sum of the same call here, and what is said of the number.
 */
#include <forkscope.h>
#include <stdio.h>

PROCSPAWN_DEFINE_STATIC(add, uint32, (uint32, a), (uint32, b), (uint32, c))
{
    c += 1;
    return a + b + c;
}

int main(int argc, char **argv)
{
    procspawn_error *error;
    uint32_t sum;

    if (procspawn_init(argc, argv) < 0 || add_call(42, 23, 1, &sum, NULL) < 0)
        return 1;
    printf("%u\n", sum);
    printf("%u\n", add(42, 23, 1));
    if (add_call(42, -1, 1, &sum, &error) < 0) {
        printf("%s\n", procspawn_error_message(error));
        procspawn_error_free(error);
    }
    return procspawn_fini() == 0 ? 0 : 1;
}
