/*
 * utf8.c - is a text UTF-8? And how one is made of any bytes
 */
#include "src/base/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Most texts are mostly ASCII, which is skipped in blocks. The compiler makes it a vector loop. */
static const unsigned char *skip_ascii(const unsigned char *at, const unsigned char *end)
{
    enum { WORDS = 8 };
    uint64_t block[WORDS];

    while ((size_t)(end - at) >= sizeof block) {
        uint64_t any = 0;
        memcpy(block, at, sizeof block);
        for (int i = 0; i < WORDS; i++)
            any |= block[i];
        if (any & UINT64_C(0x8080808080808080))
            break;
        at += sizeof block;
    }
    while (at < end && *at < 0x80)
        at++;
    return at;
}

/* What the byte that starts a character says about it. */
struct form {
    size_t length;              /* 0: no character starts with this byte */
    unsigned char least, most;  /* of the second byte */
};

static struct form form_of(unsigned char first)
{
    if (first >= 0xc2 && first <= 0xdf)
        return (struct form){ 2, 0x80, 0xbf };
    if (first >= 0xe0 && first <= 0xef)
        return (struct form){ 3, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf };
    if (first >= 0xf0 && first <= 0xf4)
        return (struct form){ 4, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf };
    return (struct form){ 0, 0, 0 };
}

/* Returns the length of the character of several bytes at `at`, or 0. */
static size_t character(const unsigned char *at, const unsigned char *end)
{
    struct form form = form_of(*at);

    if (form.length == 0 || form.length > (size_t)(end - at))
        return 0;
    if (at[1] < form.least || at[1] > form.most)
        return 0;
    for (size_t i = 2; i < form.length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    return form.length;
}

bool base__is_utf8(const void *text, size_t length)
{
    const unsigned char *at = text, *end = at + length;

    for (;;) {
        at = skip_ascii(at, end);
        while (at < end && *at >= 0x80) {
            size_t size = character(at, end);
            if (size == 0)
                return false;
            at += size;
        }
        if (at == end)
            return true;
    }
}

size_t base__utf8_rest(const char *text, size_t length)
{
    size_t rest = 0;

    while (rest < 3 && rest < length && ((unsigned char)text[rest] & 0xc0) == 0x80)
        rest++;
    return rest;
}

/* C0 but for tab and the end of a line, DEL; C1, which has two bytes. */
static bool controls(const unsigned char *at, size_t length)
{
    if (length == 1)
        return (*at < ' ' && *at != '\n' && *at != '\t') || *at == 0x7f;
    return at[0] == 0xc2 && at[1] < 0xa0;
}

void base__make_utf8(char *bytes, size_t length)
{
    unsigned char *at = (unsigned char *)bytes, *end = at + length;

    while (at < end) {
        size_t size = *at < 0x80 ? 1 : character(at, end);
        if (size == 0)
            size = 1, *at = '?';
        else if (controls(at, size))
            memset(at, '?', size);
        at += size;
    }
}
