/*
 * frame_index.c - reads .eh_frame: records of two kinds, each with its length; common information
 * (CIE), and the description of a function (FDE) that refers to one
 */
#include "src/crash/frame_index.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECTION_LIMIT = 16 << 20,
    SHORTEST_DESCRIPTION = 16,    /* bytes: length, reference, start, size */
    LONG_LENGTH = 0xffffffff,     /* the length is in the 8 bytes behind it */
};

/* DW_EH_PE: how a pointer is encoded. */
enum {
    POINTER_FORMAT = 0x0f,
    POINTER_ABSOLUTE = 0x00,
    POINTER_UDATA2 = 0x02,
    POINTER_UDATA4 = 0x03,
    POINTER_UDATA8 = 0x04,
    POINTER_SIGNED = 0x08,
    POINTER_RELATIVE = 0x70,      /* to what it is relative */
    POINTER_TO_ITSELF = 0x10,
    POINTER_INDIRECT = 0x80,
    POINTER_UNKNOWN = 0xff,
};

/* Bytes of the section; reading beyond them gives zero and sets `failed`. */
struct reader {
    const unsigned char *bytes;
    size_t at, end;
    bool failed;
};

struct record {
    size_t start, body, end;    /* body: behind the length */
};

static uint64_t take(struct reader *reader, size_t size)
{
    uint64_t value = 0;

    if (reader->failed || reader->end - reader->at < size) {
        reader->failed = true;
        return 0;
    }
    memcpy(&value, reader->bytes + reader->at, size);
    reader->at += size;
    return value;
}

/* A number in groups of seven bits; signed ones take the same room. */
static void skip_leb(struct reader *reader)
{
    while (!reader->failed && take(reader, 1) & 0x80)
        ;
}

/* 0: not known. */
static size_t pointer_size(unsigned char encoding)
{
    switch (encoding & POINTER_FORMAT & ~POINTER_SIGNED) {
    case POINTER_ABSOLUTE:
    case POINTER_UDATA8:
        return 8;
    case POINTER_UDATA4:
        return 4;
    case POINTER_UDATA2:
        return 2;
    default:
        return 0;
    }
}

static uint64_t take_number(struct reader *reader, unsigned char encoding)
{
    size_t size = pointer_size(encoding);
    uint64_t value = take(reader, size);

    if (encoding & POINTER_SIGNED && size == 4)
        value = (uint64_t)(int64_t)(int32_t)value;
    if (encoding & POINTER_SIGNED && size == 2)
        value = (uint64_t)(int64_t)(int16_t)value;
    return value;
}

/* Returns false at the end, and for a record that does not fit. */
static bool next_record(struct reader *section, struct record *ret_record)
{
    uint64_t length;

    ret_record->start = section->at;
    length = take(section, 4);
    if (length == LONG_LENGTH)
        length = take(section, 8);
    if (section->failed || length > section->end - section->at)
        return false;
    ret_record->body = section->at;
    ret_record->end = section->at + length;
    section->at = ret_record->end;
    return true;
}

/* The letters of an augmentation say, in this order, what follows. */
static unsigned char encoding_by_letters(struct reader *cie, size_t letters)
{
    for (size_t i = letters + 1; !cie->failed && cie->bytes[i]; i++) {
        unsigned char encoding;

        switch (cie->bytes[i]) {
        case 'R':
            return (unsigned char)take(cie, 1);
        case 'L':
            take(cie, 1);
            break;
        case 'P':
            encoding = (unsigned char)take(cie, 1);
            take(cie, pointer_size(encoding));
            break;
        default:
            break;
        }
    }
    return POINTER_ABSOLUTE;
}

/* How the pointers of descriptions are encoded that refer to the record at this place. */
static unsigned char encoding_of(const struct reader *section, size_t place)
{
    struct reader cie = *section;
    struct record record;
    size_t letters;
    uint64_t version;

    cie.at = place;
    if (!next_record(&cie, &record))
        return POINTER_UNKNOWN;
    cie = (struct reader){.bytes = section->bytes, .at = record.body, .end = record.end};
    if (take(&cie, 4) != 0)
        return POINTER_UNKNOWN;
    version = take(&cie, 1);
    letters = cie.at;
    while (!cie.failed && take(&cie, 1) != 0)
        ;
    if (cie.failed || (version != 1 && version != 3))
        return POINTER_UNKNOWN;
    skip_leb(&cie);
    skip_leb(&cie);
    if (version == 1)
        take(&cie, 1);
    else
        skip_leb(&cie);
    if (section->bytes[letters] != 'z')
        return section->bytes[letters] ? POINTER_UNKNOWN : POINTER_ABSOLUTE;
    skip_leb(&cie);
    return cie.failed ? POINTER_UNKNOWN : encoding_by_letters(&cie, letters);
}

/* address: of the section. */
static bool read_description(const struct reader *section, const struct record *record,
                             unsigned char encoding, uint64_t address,
                             struct frame_entry *ret_entry)
{
    struct reader fde = {
        .bytes = section->bytes, .at = record->body + 4, .end = record->end};
    uint64_t base = address + fde.at, start, size;
    unsigned relative = encoding & POINTER_RELATIVE;

    if (encoding & POINTER_INDIRECT || pointer_size(encoding) == 0 ||
        (relative != 0 && relative != POINTER_TO_ITSELF))
        return false;
    start = take_number(&fde, encoding) + (relative ? base : 0) - address;
    size = take_number(&fde, encoding & POINTER_FORMAT & ~POINTER_SIGNED);
    if (fde.failed || size == 0 || (int64_t)start != (int32_t)start)
        return false;
    *ret_entry = (struct frame_entry){(int32_t)start, (int32_t)record->start};
    return true;
}

static void read_all(struct frame_index *index, size_t room, struct reader *section,
                     uint64_t address)
{
    unsigned char encoding = POINTER_UNKNOWN;
    size_t known = SIZE_MAX;    /* the place whose encoding that is */
    struct record record;

    while (index->count < room && next_record(section, &record)) {
        struct reader head = {
            .bytes = section->bytes, .at = record.body, .end = record.end};
        uint64_t back = take(&head, 4);

        if (head.failed || back == 0 || back > record.body)
            continue;
        if (record.body - back != known) {
            known = record.body - back;
            encoding = encoding_of(section, known);
        }
        index->count += read_description(section, &record, encoding, address,
                                         &index->entry[index->count]);
    }
}

static int by_start(const void *one, const void *other)
{
    const struct frame_entry *a = one, *b = other;

    return (a->start > b->start) - (a->start < b->start);
}

static int build(struct frame_index *index, const unsigned char *bytes, uint64_t address,
                 size_t size)
{
    struct reader section = {.bytes = bytes, .end = size};
    size_t room = size / SHORTEST_DESCRIPTION + 1;

    *index = (struct frame_index){.entry = calloc(room, sizeof *index->entry)};
    if (!index->entry)
        return -ENOMEM;
    read_all(index, room, &section, address);
    qsort(index->entry, index->count, sizeof *index->entry, by_start);
    if (index->count > 0)
        return 0;
    crash__frame_index_free(index);
    return -ENOENT;
}

int crash__frame_index_read(struct frame_index *ret_index, struct memory *memory, uint64_t address,
                            uint64_t size)
{
    unsigned char *bytes;
    int error;

    if (size > SECTION_LIMIT)
        return -E2BIG;
    bytes = malloc(size + 1);
    if (!bytes)
        return -ENOMEM;
    error = crash__memory_read(memory, address, bytes, size);
    if (!error)
        error = build(ret_index, bytes, address, size);
    free(bytes);
    return error;
}

void crash__frame_index_free(struct frame_index *index)
{
    free(index->entry);
    *index = (struct frame_index){0};
}
