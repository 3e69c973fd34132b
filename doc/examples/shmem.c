/*
 * Buffers that many processes read: a copy of bytes, and the memory of a
 * memfd. Prints "5 and 6 bytes".
 */
#include <forkscope.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static json_t *measure(json_t *buffers)
{
    procspawn_shmem *first, *second;

    json_t *copy = json_array_get(buffers, 0);
    json_t *file = json_array_get(buffers, 1);
    if (procspawn_value_claim_shmem(copy, &first) < 0 ||
        procspawn_value_claim_shmem(file, &second) < 0)
        return NULL;
    json_t *text = json_sprintf("%zu and %zu bytes",
                                procspawn_shmem_size(first),
                                procspawn_shmem_size(second));
    procspawn_shmem_unref(first);
    procspawn_shmem_unref(second);
    return text;
}

int main(int argc, char **argv)
{
    procspawn_shmem *copy, *file;
    json_t *result;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    int memfd = memfd_create("words", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (write(memfd, "world!", 6) != 6 ||
        procspawn_shmem_new("hello", 5, &copy) < 0 ||
        procspawn_shmem_from_memfd(memfd, &file) < 0)
        return 1;
    close(memfd);
    json_t *both = json_pack("[o, o]", procspawn_value_shmem_take(copy),
                             procspawn_value_shmem_take(file));
    if (procspawn_call(measure, both, &result, NULL) == 0) {
        puts(json_string_value(result));
        json_decref(result);
    }
    procspawn_value_drop(both);
    json_decref(both);
    return procspawn_fini();
}
