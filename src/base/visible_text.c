/*
 * visible_text.c - prints a text with control characters escaped
 */
#include "src/base/visible_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct range { uint32_t first, last; };

/*
 * Unicode characters with an effect: C0, DEL and C1, direction marks and overrides, line
 * separators.
 */
static const struct range acting[] = {
    { 0x00, 0x1f }, { 0x7f, 0x9f }, { 0x061c, 0x061c }, { 0x200e, 0x200f }, { 0x2028, 0x202e },
    { 0x2066, 0x2069 },
};

static bool acts(uint32_t character)
{
    for (size_t i = 0; i < sizeof acting / sizeof acting[0]; i++) {
        if (character >= acting[i].first && character <= acting[i].last)
            return true;
    }
    return false;
}

/* Returns the length of the UTF-8 sequence that starts with this byte; 0 if none does. */
static int length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Decodes one character. Returns its length; 0 if the bytes are not UTF-8. */
static int decode(const unsigned char *bytes, uint32_t *ret_character)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    int length = length_of(bytes[0]);
    uint32_t character = length > 1 ? bytes[0] & (0x7fu >> length) : bytes[0];

    for (int i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (bytes[i] & 0x3fu);
    }
    bool surrogate = character >= 0xd800 && character <= 0xdfff;
    if (length == 0 || character < least[length] || character > 0x10ffff || surrogate)
        return 0;
    *ret_character = character;
    return length;
}

static void print_escape(uint32_t character, FILE *stream)
{
    switch (character) {
    case '\n':
        fputs("\\n", stream);
        break;
    case '\r':
        fputs("\\r", stream);
        break;
    case '\t':
        fputs("\\t", stream);
        break;
    default:
        fprintf(stream, character < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)character);
    }
}

void base__print_visible(const char *text, FILE *stream)
{
    const unsigned char *at = (const unsigned char *)text;
    uint32_t character = 0;

    while (*at != '\0') {
        int length = decode(at, &character);
        if (length == 0)
            fprintf(stream, "\\x%02x", *at++);
        else if (acts(character))
            print_escape(character, stream);
        else
            fwrite(at, 1, (size_t)length, stream);
        at += length;
    }
}
