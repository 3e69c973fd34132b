#include "src/value/footprint.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * jansson's structures, counted in pointers: they are not in its header. Its tables double when
 * they are full, and the old one is there until the new one is filled: a table of n entries has
 * taken less than three times n at its worst moment.
 */
enum {
    WORD = sizeof(void *),
    ENTRY = WORD,               /* of an array */
    BUCKET = 2 * WORD,          /* of an object */
    FIRST_TABLE = 8,            /* entries of an array, buckets of an object */
    AT_WORST = 3
};

/* A block of the allocator: its size before it, both rounded up; large ones are whole pages. */
static uint64_t block(uint64_t size)
{
    enum { HEAD = WORD, UNIT = 2 * WORD, LEAST = 4 * WORD, LARGE = 64 << 10, PAGE = 4096 };
    uint64_t whole = (size + HEAD + UNIT - 1) / UNIT * UNIT;

    if (size >= LARGE)
        whole += PAGE + UNIT;
    return whole < LEAST ? LEAST : whole;
}

struct scan {
    const unsigned char *at, *end;
    struct procspawn__footprint sum;
    unsigned depth;             /* here */
    uint64_t last_string;       /* lengths, of strings with their quotes */
    uint64_t longest_string;
    uint64_t longest_key;
    uint64_t longest_word;
};

static void note(uint64_t *longest, uint64_t length)
{
    if (length > *longest)
        *longest = length;
}

/* Behind its first quote. Returns its length with both quotes. */
static uint64_t skip_string(struct scan *scan)
{
    const unsigned char *start = scan->at;

    while (scan->at < scan->end) {
        const unsigned char *quote = memchr(scan->at, '"', (size_t)(scan->end - scan->at));
        const unsigned char *before = quote ? quote : scan->end;
        scan->at = quote ? quote + 1 : scan->end;
        while (before > start && before[-1] == '\\')
            before--;
        if (quote && (quote - before) % 2 == 0)
            break;
    }
    return (uint64_t)(scan->at - start) + 1;
}

/* A value has a structure, and text that is made as long as its source; a key a pair of a table. */
static void add_string(struct scan *scan)
{
    uint64_t length = skip_string(scan);
    uint64_t value = block(4 * WORD) + block(length + 1);
    uint64_t key = block(7 * WORD + length - 1);

    scan->sum.bytes += value > key ? value : key;
    note(&scan->longest_string, length);
    scan->last_string = length;
}

static const bool ends_word[256] = {
    [0 ... ' '] = true, ['{'] = true, ['}'] = true, ['['] = true, [']'] = true, [','] = true,
    [':'] = true, ['"'] = true,
};

/* Numbers take memory; true, false and null are there once for all. */
static void add_word(struct scan *scan, unsigned char first)
{
    uint64_t length = 1;

    while (scan->at < scan->end && !ends_word[*scan->at]) {
        scan->at++;
        length++;
    }
    if (first == '-' || (first >= '0' && first <= '9'))
        scan->sum.bytes += block(2 * WORD + sizeof(uint64_t));
    note(&scan->longest_word, length);
}

static void go_deeper(struct scan *scan)
{
    if (++scan->depth > scan->sum.depth)
        scan->sum.depth = scan->depth;
}

static void step(struct scan *scan)
{
    unsigned char c = *scan->at++;

    switch (c) {
    case '{':
        scan->sum.bytes += block(9 * WORD) + block(FIRST_TABLE * BUCKET);
        go_deeper(scan);
        break;
    case '[':
        scan->sum.bytes += block(5 * WORD) + block(FIRST_TABLE * ENTRY);
        go_deeper(scan);
        break;
    case '}':
    case ']':
        scan->depth -= scan->depth > 0;
        break;
    case ',':
        scan->sum.bytes += AT_WORST * ENTRY;
        break;
    case ':':
        scan->sum.bytes += AT_WORST * BUCKET;
        note(&scan->longest_key, scan->last_string);
        break;
    case '"':
        add_string(scan);
        break;
    default:
        if (!ends_word[c])
            add_word(scan, c);
    }
}

/* The buffer for the token at hand: it starts small, and doubles. */
static uint64_t buffer_for(uint64_t length)
{
    uint64_t size = 16;

    while (size <= length + 1)
        size *= 2;
    return size;
}

/*
 * While it grows the old one is still there, when a string has not been made yet. A key is there
 * twice when it comes into its table. Tables that are whole pages take a part of one more.
 */
static uint64_t passing(const struct scan *scan)
{
    uint64_t string = block(buffer_for(scan->longest_string));
    uint64_t word = block(buffer_for(scan->longest_word)) * 3 / 2;

    return (string > word ? string : word) + block(scan->longest_key + 1) + scan->sum.bytes / 32;
}

struct procspawn__footprint procspawn__footprint(const void *text, size_t length,
                                                 const procspawn__limit *limit)
{
    struct scan scan = { .at = text, .end = (const unsigned char *)text + length };

    while (scan.at < scan.end && scan.sum.bytes <= limit->bytes && scan.sum.depth <= limit->depth)
        step(&scan);
    scan.sum.passing = passing(&scan);
    return scan.sum;
}
