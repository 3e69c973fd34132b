/*
 * debug_files_plugin.c - the library in which the program of tests/debug_files_test.sh crashes; the
 * script looks for the remarks
 */
struct box {
    int *value;
};

int plugin_crash(struct box *box);

static inline __attribute__((always_inline)) int inlined_read(const struct box *box)
{
    int value = *(volatile int *)box->value; /* the read */

    return value;
}

static __attribute__((noinline)) int hidden_function(const struct box *box)
{
    int value = inlined_read(box); /* the hidden call */

    __asm__ volatile("" : "+r"(value));
    return value + 1;
}

int plugin_crash(struct box *box)
{
    int value = hidden_function(box); /* the outer call */

    __asm__ volatile("" : "+r"(value));
    return value + 2;
}
