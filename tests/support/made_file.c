/*
 * made_file.c - PNG, tar, zip and gzip without the libraries that read them
 */
#include "tests/support/made_file.h"

#include <forkscope/cunit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most bytes in a stored block of deflate. */
#define STORED_MAX 65535

/* Bytes of a tar block. */
#define BLOCK 512

void made_file_add(struct made_file *file, const void *data, size_t length)
{
    unsigned char *bytes = realloc(file->data, file->length + length + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    file->data = bytes;
    if (length > 0)
        memcpy(bytes + file->length, data, length);
    file->length += length;
}

void made_file_free(struct made_file *file)
{
    free(file->data);
    *file = (struct made_file) { NULL, 0 };
}

static void add_big(struct made_file *file, uint32_t number)
{
    const unsigned char bytes[] = { (unsigned char)(number >> 24), (unsigned char)(number >> 16),
                                    (unsigned char)(number >> 8), (unsigned char)number };
    made_file_add(file, bytes, sizeof bytes);
}

static void add_little(struct made_file *file, uint32_t number, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)((uint64_t)number >> 8 * i);
        made_file_add(file, &byte, 1);
    }
}

static uint32_t crc_of(const unsigned char *data, size_t length)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

static uint32_t adler_of(const struct made_file *file)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < file->length; i++) {
        a = (a + file->data[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void add_stored(struct made_file *file, const struct made_file *inner)
{
    size_t done = 0;
    do {
        size_t length = inner->length - done < STORED_MAX ? inner->length - done : STORED_MAX;
        add_little(file, done + length == inner->length, 1);
        add_little(file, (uint32_t)length, 2);
        add_little(file, ~(uint32_t)length, 2);
        made_file_add(file, inner->data + done, length);
        done += length;
    } while (done < inner->length);
}

/* ---- PNG ---- */

static void add_chunk(struct made_file *file, const char *type, const void *data, size_t length)
{
    add_big(file, (uint32_t)length);
    size_t begin = file->length;
    made_file_add(file, type, 4);
    made_file_add(file, data, length);
    add_big(file, crc_of(file->data + begin, file->length - begin));
}

static void add_header(struct made_file *file, const struct made_picture *picture)
{
    struct made_file header = { NULL, 0 };
    add_big(&header, picture->width);
    add_big(&header, picture->height);
    const unsigned char rest[] = { picture->depth, picture->colour, 0, 0, picture->interlaced };
    made_file_add(&header, rest, sizeof rest);
    add_chunk(file, "IHDR", header.data, header.length);
    made_file_free(&header);
}

static void add_palette(struct made_file *file, const struct made_picture *picture)
{
    unsigned char palette[3 * 256];
    size_t length = picture->depth < 8 ? (size_t)3 << picture->depth : sizeof palette;
    for (size_t i = 0; i < sizeof palette; i++)
        palette[i] = (unsigned char)(5 * i);
    add_chunk(file, "PLTE", palette, length);
}

static size_t bytes_of_row(const struct made_picture *picture, size_t width)
{
    static const size_t channels[] = { 1, 1, 3, 1, 2, 1, 4 };
    size_t channel = picture->colour < sizeof channels / sizeof *channels ?
                         channels[picture->colour] : 1;
    return (width * channel * picture->depth + 7) / 8;
}

/* Each row begins with its filter, 0 for none. */
static void add_rows(struct made_file *rows, const struct made_picture *picture, size_t width,
                     size_t height)
{
    size_t length = 1 + bytes_of_row(picture, width);
    unsigned char *row = calloc(length, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    for (size_t y = 0; width > 0 && y < height; y++) {
        for (size_t x = 1; x < length; x++)
            row[x] = (unsigned char)(3 * (x - 1) + 7 * y);
        made_file_add(rows, row, length);
    }
    free(row);
}

/* The seven passes of Adam7: where each begins, and its steps. */
static void add_passes(struct made_file *rows, const struct made_picture *picture)
{
    static const struct { size_t x, y, step_x, step_y; } passes[] = {
        { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
        { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 },
    };
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
        size_t width = (picture->width + passes[i].step_x - 1 - passes[i].x) / passes[i].step_x;
        size_t height = (picture->height + passes[i].step_y - 1 - passes[i].y) / passes[i].step_y;
        add_rows(rows, picture, width, height);
    }
}

static void add_data(struct made_file *file, const struct made_picture *picture)
{
    struct made_file rows = { NULL, 0 }, data = { NULL, 0 };
    made_file_add(&data, "\x78\x01", 2);
    if (picture->interlaced)
        add_passes(&rows, picture);
    else
        add_rows(&rows, picture, picture->width, picture->height - picture->rows_missing);
    add_stored(&data, &rows);
    add_big(&data, adler_of(&rows));
    size_t piece = picture->piece ? picture->piece : data.length;
    for (size_t done = 0; done < data.length; done += piece)
        add_chunk(file, "IDAT", data.data + done,
                  data.length - done < piece ? data.length - done : piece);
    made_file_free(&rows);
    made_file_free(&data);
}

void made_file_png(struct made_file *file, const struct made_picture *picture)
{
    made_file_add(file, "\x89PNG\r\n\x1a\n", 8);
    add_header(file, picture);
    if (picture->colour == 3)
        add_palette(file, picture);
    if (picture->rows_missing < picture->height || picture->height == 0)
        add_data(file, picture);
    add_chunk(file, "IEND", "", 0);
}

/* ---- archives ---- */

void made_file_tar_entry(struct made_file *file, const char *name, const char *text)
{
    static const unsigned char zeros[BLOCK];
    char header[BLOCK] = "";
    unsigned sum = 0;
    snprintf(header, 100, "%s", name);
    snprintf(header + 100, 8, "%07o", 0644U);
    snprintf(header + 108, 8, "%07o", 0U);
    snprintf(header + 116, 8, "%07o", 0U);
    snprintf(header + 124, 12, "%011o", (unsigned)strlen(text));
    snprintf(header + 136, 12, "%011o", 1234567890U);
    memset(header + 148, ' ', 8);
    header[156] = '0';
    memcpy(header + 257, "ustar\0" "00", 8);
    for (size_t i = 0; i < sizeof header; i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
    made_file_add(file, header, sizeof header);
    made_file_add(file, text, strlen(text));
    made_file_add(file, zeros, (BLOCK - strlen(text) % BLOCK) % BLOCK);
}

void made_file_tar_end(struct made_file *file)
{
    static const unsigned char zeros[2 * BLOCK];
    made_file_add(file, zeros, sizeof zeros);
}

/* What the header of an entry and its line in the directory have in common. The name is UTF-8. */
static void add_zip_entry(struct made_file *file, const char *name, const char *text)
{
    enum { NAME_IS_UTF8 = 1 << 11, TIME = 0x6000, DATE = 0x5a21 };
    add_little(file, 10, 2);
    add_little(file, NAME_IS_UTF8, 2);
    add_little(file, 0, 2);
    add_little(file, TIME, 2);
    add_little(file, DATE, 2);
    add_little(file, crc_of((const unsigned char *)text, strlen(text)), 4);
    add_little(file, (uint32_t)strlen(text), 4);
    add_little(file, (uint32_t)strlen(text), 4);
    add_little(file, (uint32_t)strlen(name), 2);
    add_little(file, 0, 2);
}

void made_file_zip(struct made_file *file, const char *name, const char *text)
{
    size_t begin = file->length;
    made_file_add(file, "PK\3\4", 4);
    add_zip_entry(file, name, text);
    made_file_add(file, name, strlen(name));
    made_file_add(file, text, strlen(text));
    size_t directory = file->length;
    made_file_add(file, "PK\1\2", 4);
    add_little(file, 20, 2);
    add_zip_entry(file, name, text);
    add_little(file, 0, 2 + 2 + 2);
    add_little(file, 0, 4);
    add_little(file, (uint32_t)begin, 4);
    made_file_add(file, name, strlen(name));
    size_t length = file->length - directory;
    made_file_add(file, "PK\5\6\0\0\0\0\1\0\1\0", 12);
    add_little(file, (uint32_t)length, 4);
    add_little(file, (uint32_t)(directory - begin), 4);
    add_little(file, 0, 2);
}

void made_file_gzip(struct made_file *file, const struct made_file *inner)
{
    made_file_add(file, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
    add_stored(file, inner);
    add_little(file, crc_of(inner->data, inner->length), 4);
    add_little(file, (uint32_t)inner->length, 4);
}
