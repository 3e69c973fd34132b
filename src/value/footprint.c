/*
 * footprint.c - an upper bound of the memory that jansson needs to decode a text, found in one pass
 */
#include "src/value/footprint.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Sizes of jansson's structures, in pointers, since its header does not show them. Its tables
 * double when they are full, and the old table exists until the new one is filled: at the worst
 * moment a table of n entries takes less than three times n.
 */
enum {
    WORD = sizeof(void *),
    ENTRY = WORD,               /* one entry of an array */
    BUCKET = 2 * WORD,          /* one bucket of an object's hash table */
    FIRST_TABLE = 8,            /* first size of either table */
    AT_WORST = 3
};

/*
 * Returns the size of an allocated block: with the word before it, rounded up. Large ones take
 * whole pages.
 */
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
    unsigned depth;             /* arrays and objects open here */
    uint64_t last_string;       /* these are lengths; strings count with their quotes */
    uint64_t longest_string;
    uint64_t longest_key;
    uint64_t longest_word;
};

static void note(uint64_t *longest, uint64_t length)
{
    if (length > *longest)
        *longest = length;
}

/* Skips a string, from behind its first quote. Returns its length with both quotes. */
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

/*
 * A string value takes a structure, and a text as long as its source. A key takes an entry of a
 * hash table. The larger of the two is counted.
 */
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

/* A number takes memory; true, false and null are static. */
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

/* Returns the size of jansson's buffer for one token: it starts small and doubles. */
static uint64_t buffer_for(uint64_t length)
{
    uint64_t size = 16;

    while (size <= length + 1)
        size *= 2;
    return size;
}

/*
 * Memory needed for a while only. While the token buffer grows, the old one exists too; the string
 * is allocated after that. A key exists twice while it is inserted. Tables of whole pages take part
 * of one more page.
 */
static uint64_t passing(const struct scan *scan)
{
    uint64_t string = block(buffer_for(scan->longest_string));
    uint64_t word = block(buffer_for(scan->longest_word)) * 3 / 2;

    return (string > word ? string : word) + block(scan->longest_key + 1) + scan->sum.bytes / 32;
}

/* Bytes are an object with a table and two keys, and two strings of which one is short. */
uint64_t procspawn__attachment_footprint(uint64_t length)
{
    enum { KEY = 16 };
    static const uint64_t object = 9 * WORD + FIRST_TABLE * BUCKET;

    return block(object) + 2 * block(7 * WORD + KEY) + 2 * block(4 * WORD) + block(KEY) +
           block(length + 1);
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
