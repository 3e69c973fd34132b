/*
 * processes_bytes.c - values with bytes and long strings inside each other, made from a number:
 * each side makes the same one and compares
 */
#include "tests/random/processes.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 4, WIDEST = 5, LARGE = 3 << 20 };

/* Around the length from which a string travels beside the text, and far from it. */
static size_t some_length(struct dice *dice, size_t *left)
{
    static const size_t lengths[] = { 0, 1, 100, 4095, 4096, 4097, 49152, LARGE };
    size_t length = lengths[dice_roll(dice, 8)];
    if (length == LARGE)
        length = dice_roll(dice, LARGE);
    if (length > *left)
        length = *left;
    *left -= length;
    return length;
}

static json_t *some_bytes(struct dice *dice, size_t length)
{
    unsigned char *bytes = malloc(length + sizeof(uint64_t));
    if (bytes == NULL)
        procspawn_panic("no memory");
    for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
        uint64_t some = dice_roll(dice, UINT64_MAX);
        memcpy(bytes + i, &some, sizeof some);
    }
    if (dice_one_in(dice, 2))
        return procspawn_value_bytes_take(bytes, length);
    json_t *value = procspawn_value_bytes(bytes, length);
    free(bytes);
    return value;
}

/* Characters of one and of three bytes. */
static json_t *some_string(struct dice *dice, size_t length)
{
    char *text = malloc(length + 1);
    if (text == NULL)
        procspawn_panic("no memory");
    memset(text, 'a' + (int)dice_roll(dice, 26), length);
    for (size_t i = dice_roll(dice, 50); i + 3 <= length; i += 3 + dice_roll(dice, 5000))
        memcpy(text + i, "\xe2\x82\xac", 3);
    json_t *value = json_stringn(text, length);
    free(text);
    return value;
}

static json_t *some_value(struct dice *dice, unsigned depth, size_t *left);

static json_t *some_array(struct dice *dice, unsigned depth, size_t *left)
{
    json_t *array = json_array();
    for (uint64_t i = dice_roll(dice, WIDEST); i > 0; i--)
        json_array_append_new(array, some_value(dice, depth + 1, left));
    return array;
}

static json_t *some_object(struct dice *dice, unsigned depth, size_t *left)
{
    static const char *const keys[] = { "", "a", "bytes", "\x01", "\xc3\xa4" };
    json_t *object = json_object();
    for (uint64_t i = dice_roll(dice, WIDEST); i > 0; i--)
        json_object_set_new(object, keys[i], some_value(dice, depth + 1, left));
    return object;
}

static json_t *some_value(struct dice *dice, unsigned depth, size_t *left)
{
    switch (dice_roll(dice, depth < DEEPEST ? 6 : 4)) {
    case 0:
        return json_integer((json_int_t)dice_roll(dice, 1000));
    case 1:
        return some_string(dice, some_length(dice, left));
    case 2:
    case 3:
        return some_bytes(dice, some_length(dice, left));
    case 4:
        return some_array(dice, depth, left);
    default:
        return some_object(dice, depth, left);
    }
}

json_t *bytes_value(uint64_t number)
{
    struct dice dice = dice_new(number);
    size_t left = dice_one_in(&dice, 8) ? 2 * LARGE : 100000;
    return some_value(&dice, 0, &left);
}

bool bytes_are(const json_t *value, uint64_t number)
{
    json_t *expected = bytes_value(number);
    bool same = json_equal(value, expected) &&
                procspawn_bytes_length(value) == procspawn_bytes_length(expected);
    json_decref(expected);
    return same;
}
