/*
 * A call in one line, and what is told when it fails. Prints "5 letters"
 * and "failed: this is no text".
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *measure(json_t *text)
{
    if (!json_is_string(text))
        return procspawn_fail("this is no text");
    return json_integer((json_int_t)json_string_length(text));
}

int main(int argc, char **argv)
{
    procspawn_error *error;
    json_t *result;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    json_t *text = json_string("hello");
    if (procspawn_call(measure, text, &result, NULL) == 0) {
        printf("%d letters\n", (int)json_integer_value(result));
        json_decref(result);
    }
    json_decref(text);
    if (procspawn_call(measure, NULL, NULL, &error) == PROCSPAWN_ECALL) {
        printf("failed: %s\n", procspawn_error_message(error));
        procspawn_error_free(error);
    }
    return procspawn_fini();
}
