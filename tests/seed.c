/*
 * seed.c - prints whether the program and two children share the seed of jansson's hash tables, and
 * whether an object created before init can be read in all of them (see seed_test.sh)
 */
#include <forkscope.h>
#include <stdlib.h>
#include <string.h>

extern volatile uint32_t hashtable_seed;

static json_t *kept;

static bool reads(void)
{
    return !kept || json_object_get(kept, "key");
}

static json_t *look(json_t *argument)
{
    json_decref(argument ? json_pack("{s:i}", "some", 1) : NULL);
    return json_pack("[I,b]", (json_int_t)hashtable_seed, reads());
}

static uint32_t seed_of_child(bool *all_read)
{
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn(look, NULL, &handle) < 0 || procspawn_join(handle, &result, NULL) < 0)
        exit(1);
    procspawn_handle_free(handle);
    *all_read &= json_is_true(json_array_get(result, 1));
    return (uint32_t)json_integer_value(json_array_get(result, 0));
}

static void *allocate(size_t size)
{
    return malloc(size);
}

static void prepare(const char *mode)
{
    if (strcmp(mode, "allocator") == 0)
        json_set_alloc_funcs(allocate, free);
    if (strcmp(mode, "none") != 0)
        kept = json_pack("{s:i}", "key", 1);
    if (strcmp(mode, "gone") == 0) {
        json_decref(kept);
        kept = NULL;
    }
}

int main(int argc, char **argv)
{
    bool all_read = true;

    prepare(argc > 1 ? argv[1] : "none");
    if (procspawn_init(argc, argv) < 0)
        return 1;
    json_decref(json_object());
    uint32_t own = hashtable_seed;
    uint32_t first = seed_of_child(&all_read), second = seed_of_child(&all_read);
    all_read &= reads();
    json_decref(kept);
    procspawn_fini();
    bool apart = own && first && second && own != first && own != second && first != second;
    bool shared = own == first && own == second;
    printf("%s, %s\n", apart ? "apart" : shared ? "shared" : "mixed", all_read ? "read" : "lost");
    return 0;
}
