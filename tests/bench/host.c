#include "tests/bench/host.h"

#include "tests/bench/measure.h"

bool bench_init(void)
{
    static char name[] = "bench";
    static char *arguments[] = { name, NULL };

    return procspawn_init(1, arguments) == 0;
}

json_t *bench_echo(json_t *argument)
{
    return json_incref(argument);
}

bool bench_call(bool until_reaped)
{
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn(bench_echo, NULL, &handle) < 0)
        return false;
    int rc = procspawn_join(handle, &result, NULL);
    if (rc == 0 && until_reaped)
        rc = procspawn_wait(handle, -1, NULL);
    json_decref(result);
    procspawn_handle_free(handle);
    return rc == 0;
}

double bench_one_call(void)
{
    double start = bench_now();
    return bench_call(false) ? bench_now() - start : -1;
}
