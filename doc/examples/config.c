/*
 * A configuration of init: callbacks around each call, no children ahead
 * of need, and a limit for children of children. Prints "begin", "call"
 * and "end", which the child writes.
 */
#include <forkscope.h>
#include <stdio.h>
#include <unistd.h>

static void say(void *text)
{
    puts(text);
}

static json_t *call(json_t *null)
{
    puts("call");
    return json_incref(null);
}

int main(int argc, char **argv)
{
    static char begin[] = "begin", end[] = "end";
    procspawn_config *config = procspawn_config_new();

    procspawn_config_callback(config, say, begin);
    procspawn_config_end_callback(config, say, end);
    procspawn_config_spares(config, 0);
    procspawn_config_nested(config, 4, 16);
    int code = procspawn_init_with(config, argc, argv);
    procspawn_config_free(config);
    if (code < 0)
        return 1;
    /* This program calls no function of a library that it loads later. */
    procspawn_assert_spawn_is_safe();
    procspawn_call(call, NULL, NULL, NULL);
    return procspawn_fini();
}
