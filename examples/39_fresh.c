/*
 * 39_fresh.c - a pool in which each call finds the state of a new process
 *
 * Shows procspawn_pool_builder_fresh: a function that is written for one run only, with static
 * variables that it never resets, memory that it never frees and a directory that it changes, is
 * called three times in the same worker. An initializer has loaded the words once; a hook gives
 * each call random numbers of its own. Prints what the calls return.
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char *words;             /* made by the initializer, for all calls */
static int count;               /* starts with 0 in each call */

static json_t *load(json_t *argument)
{
    words = strdup(json_string_value(argument));
    return words ? json_null() : NULL;
}

static void seed(void *unused)
{
    (void)unused;
    srand((unsigned)time(NULL));
}

/* Overwrites the words. */
static json_t *count_words(json_t *argument)
{
    (void)argument;
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        if (!strdup(word) || chdir("/") < 0)
            return NULL;
        count++;
    }
    return json_sprintf("%d words", count);
}

static int build(procspawn_pool **ret_pool)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    json_t *text = json_string("one two three");

    if (!builder || !text)
        return -1;
    procspawn_pool_builder_initializer(builder, load, text);
    procspawn_pool_builder_fresh(builder);
    procspawn_pool_builder_fresh_hook(builder, seed, NULL);
    int rc = procspawn_pool_builder_build(builder, ret_pool);
    procspawn_pool_builder_free(builder);
    json_decref(text);
    return rc;
}

int main(int argc, char **argv)
{
    procspawn_pool *pool;

    if (procspawn_init(argc, argv) < 0 || build(&pool) < 0)
        return 1;
    for (int i = 0; i < 3; i++) {
        json_t *text;
        if (procspawn_pool_call(pool, count_words, NULL, &text, NULL) < 0)
            return 1;
        puts(json_string_value(text));
        json_decref(text);
    }
    procspawn_pool_free(pool);
    return procspawn_fini() == 0 ? 0 : 1;
}
