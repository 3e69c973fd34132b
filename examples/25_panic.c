/*
 * 25_panic.c - a failure that crosses the border between processes as a value
 *
 * Shows procspawn_panic, and a crash beside it. Prints message, place and innermost function of the
 * one, and signal and innermost function of the other.
 */
#include <forkscope.h>
#include <stdio.h>
#include <string.h>

json_t *refuse(json_t *argument);
json_t *crash(json_t *argument);

json_t *refuse(json_t *argument)
{
    procspawn_panic("cannot work with %s", json_string_value(argument));
}

json_t *crash(json_t *argument)
{
    volatile char *nowhere = (char *)(json_integer_value(argument) + 1);
    *nowhere = 0;
    return argument;
}

/* The innermost function of the program. procspawn_error_print shows all down to the called one. */
static const char *innermost(const procspawn_error *error)
{
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++) {
        if (frame.owner == PROCSPAWN_FRAME_PROGRAM && frame.symbol)
            return frame.symbol;
    }
    return "?";
}

static procspawn_error *failure_of(procspawn_function *function)
{
    procspawn_error *error = NULL;

    procspawn_call_take(function, json_string("sand"), NULL, &error);
    return error;
}

int main(int argc, char **argv)
{
    procspawn_error *panic, *death;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    if (!(panic = failure_of(refuse)) || !(death = failure_of(crash)))
        return 1;
    const char *file = strrchr(procspawn_error_file(panic), '/');
    printf("panic: %s at %s in %s, innermost %s\n", procspawn_error_message(panic),
           file ? file + 1 : procspawn_error_file(panic), procspawn_error_function(panic),
           innermost(panic));
    printf("crash: %s, innermost %s\n", procspawn_error_message(death), innermost(death));
    procspawn_error_free(panic);
    procspawn_error_free(death);
    return procspawn_fini() == 0 ? 0 : 1;
}
