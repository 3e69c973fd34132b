/*
 * An error as a text for people, and all of it for who looks for a fault.
 * Prints "found" if the text has the message of the function.
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *parse(json_t *null)
{
    (void)null;
    procspawn_panic("line %d: no colon", 3);
}

int main(int argc, char **argv)
{
    procspawn_error *error;
    char *text;
    size_t size;

    if (procspawn_init(argc, argv) < 0 ||
        procspawn_call(parse, NULL, NULL, &error) != PROCSPAWN_ECALL)
        return 1;
    FILE *stream = open_memstream(&text, &size);
    procspawn_error_print(error, stream);
    procspawn_error_print_all(error, stream);
    fclose(stream);
    puts(strstr(text, "line 3: no colon") ? "found" : "not found");
    free(text);
    procspawn_error_free(error);
    return procspawn_fini();
}
