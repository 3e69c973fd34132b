/*
 * maps.c - reads lines such as
 *
 *   7f1c2a000000-7f1c2a021000 r-xp 00001000 fe:01 1234                       /usr/lib/libc.so.6
 */
#include "src/base/maps.h"

/* The part of a line that was not read yet. */
struct rest {
    const char *at, *end;
};

static bool take(struct rest *line, char byte)
{
    if (line->at == line->end || *line->at != byte)
        return false;
    line->at++;
    return true;
}

/* Is the next byte one of two? *ret_first: it is the first of them. */
static bool take_flag(struct rest *line, const char *bytes, bool *ret_first)
{
    *ret_first = take(line, bytes[0]);
    return *ret_first || take(line, bytes[1]);
}

static unsigned digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return (unsigned)(byte - '0');
    if (byte >= 'a' && byte <= 'f')
        return (unsigned)(byte - 'a') + 10;
    return UINT32_MAX;
}

/* A number of at least one digit. False if it is larger than `most`. */
static bool take_number(struct rest *line, unsigned base, uint64_t most, uint64_t *ret_number)
{
    const char *start = line->at;
    uint64_t number = 0;

    for (; line->at < line->end && digit(*line->at) < base; line->at++) {
        uint64_t next = digit(*line->at);

        if (number > (most - next) / base)
            return false;
        number = number * base + next;
    }
    *ret_number = number;
    return line->at > start;
}

static bool take_range(struct rest *line, struct mapping *mapping)
{
    return take_number(line, 16, UINT64_MAX, &mapping->start) && take(line, '-') &&
           take_number(line, 16, UINT64_MAX, &mapping->end) && take(line, ' ') &&
           mapping->start < mapping->end;
}

static bool take_flags(struct rest *line, struct mapping *mapping)
{
    return take_flag(line, "r-", &mapping->readable) && take_flag(line, "w-", &mapping->writable) &&
           take_flag(line, "x-", &mapping->executable) && take_flag(line, "sp", &mapping->shared) &&
           take(line, ' ');
}

static bool take_file(struct rest *line, struct mapping *mapping)
{
    uint64_t major, minor;

    if (!take_number(line, 16, UINT64_MAX, &mapping->offset) || !take(line, ' ') ||
        !take_number(line, 16, UINT32_MAX, &major) || !take(line, ':') ||
        !take_number(line, 16, UINT32_MAX, &minor) || !take(line, ' ') ||
        !take_number(line, 10, UINT64_MAX, &mapping->inode))
        return false;
    mapping->major = (uint32_t)major;
    mapping->minor = (uint32_t)minor;
    return line->at == line->end || *line->at == ' ';
}

bool base__maps_line(const char *line, size_t length, struct mapping *ret_mapping)
{
    struct rest rest = { line, line + length };
    struct mapping mapping;

    if (!take_range(&rest, &mapping) || !take_flags(&rest, &mapping) || !take_file(&rest, &mapping))
        return false;
    while (take(&rest, ' '))
        ;
    mapping.path = rest.at;
    mapping.path_length = (size_t)(rest.end - rest.at);
    *ret_mapping = mapping;
    return true;
}
