/*
 * 32_bytes.c - bytes that are no text, as arguments and results
 *
 * Shows procspawn_value_bytes, which stands anywhere in a value, as a string does, and needs no
 * base64. The function inverts bytes that are no UTF-8, with a zero among them. Prints them, and
 * the whole result as procspawn_value_print shows it.
 */
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *invert(json_t *argument)
{
    const json_t *given = json_object_get(argument, "pixels");
    const unsigned char *from = procspawn_bytes_value(given);
    size_t size = procspawn_bytes_length(given);
    unsigned char *to = malloc(size + 1);

    if (!from || !to)
        return procspawn_fail("no bytes, or no memory");
    for (size_t i = 0; i < size; i++)
        to[i] = (unsigned char)~from[i];
    return json_pack("{s:s, s:o}", "name", "inverted", "pixels",
                     procspawn_value_bytes_take(to, size));
}

int main(int argc, char **argv)
{
    static const unsigned char pixels[] = { 0x00, 0xff, 0x80, 0x0a };
    json_t *result;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    json_t *argument = json_pack("{s:o}", "pixels", procspawn_value_bytes(pixels, sizeof pixels));
    if (procspawn_call_take(invert, argument, &result, NULL) < 0)
        return 1;
    const json_t *inverted = json_object_get(result, "pixels");
    const unsigned char *bytes = procspawn_bytes_value(inverted);
    for (size_t i = 0; i < procspawn_bytes_length(inverted); i++)
        printf("%02x -> %02x\n", pixels[i], bytes[i]);
    procspawn_value_print(result, stdout);
    json_decref(result);
    return procspawn_fini() == 0 ? 0 : 1;
}
