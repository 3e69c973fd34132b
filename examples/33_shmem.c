/*
 * 33_shmem.c - a large buffer that two processes read at the same time, without a copy
 *
 * Shows a shared buffer that is filled in place and sealed, and its placeholder in the arguments of
 * two calls. Each process adds up its half of eight million numbers. Prints the two sums.
 */
#include <forkscope.h>
#include <stdint.h>
#include <stdio.h>

enum { COUNT = 8 << 20, HALF = COUNT / 2 };

static json_t *add_up(json_t *argument)
{
    json_int_t from = json_integer_value(json_object_get(argument, "from"));
    procspawn_shmem *shmem;
    json_int_t sum = 0;

    if (procspawn_value_claim_shmem(json_object_get(argument, "numbers"), &shmem) < 0)
        return procspawn_fail("no numbers");
    const uint32_t *numbers = procspawn_shmem_data(shmem);
    for (json_int_t i = from; i < from + HALF; i++)
        sum += numbers[i];
    procspawn_shmem_unref(shmem);
    return json_integer(sum);
}

static int make_numbers(procspawn_shmem **ret_shmem)
{
    procspawn_shmem_writer *draft;

    int rc = procspawn_shmem_writer_new(COUNT * sizeof(uint32_t), &draft);
    if (rc < 0)
        return rc;
    uint32_t *numbers = procspawn_shmem_writer_data(draft);
    for (uint32_t i = 0; i < COUNT; i++)
        numbers[i] = i;
    return procspawn_shmem_writer_seal(draft, ret_shmem);
}

int main(int argc, char **argv)
{
    struct procspawn_call_options options = { .take_argument = true };
    procspawn_handle *handles[2];
    procspawn_shmem *shmem;

    if (procspawn_init(argc, argv) < 0 || make_numbers(&shmem) < 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        json_t *argument = json_pack("{s:o, s:i}", "numbers", procspawn_value_shmem(shmem), "from",
                                     i * HALF);
        if (procspawn_start(&options, add_up, argument, &handles[i]) < 0)
            return 1;
    }
    procspawn_shmem_unref(shmem);                   /* the calls have it */
    for (int i = 0; i < 2; i++) {
        json_t *sum;
        if (procspawn_join(handles[i], &sum, NULL) < 0)
            return 1;
        printf("half %d: %lld\n", i + 1, (long long)json_integer_value(sum));
        json_decref(sum);
        procspawn_handle_free(handles[i]);
    }
    return procspawn_fini() == 0 ? 0 : 1;
}
