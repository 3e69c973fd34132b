/*
 * parse_png.c - libpng as a parser for vet
 *
 * All rows are decoded, one at a time, so that a picture needs no more memory than its widest row.
 * Faults that libpng only warns of are none.
 */
#include "examples/vet/parser.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct picture {
    const char *at;
    size_t left;
    struct complaint *complaint;
    png_structp reader;
    png_infop info;
    png_bytep row;
};

static void fail(png_structp reader, png_const_charp message)
{
    struct picture *picture = png_get_error_ptr(reader);
    snprintf(picture->complaint->message, sizeof picture->complaint->message, "%s", message);
    png_longjmp(reader, 1);
}

static void ignore(png_structp reader, png_const_charp message)
{
    (void)reader;
    (void)message;
}

static void read_bytes(png_structp reader, png_bytep to, png_size_t length)
{
    struct picture *picture = png_get_io_ptr(reader);
    if (length > picture->left)
        png_error(reader, "the file ends too early");
    memcpy(to, picture->at, length);
    picture->at += length;
    picture->left -= length;
}

static void read_rows(struct picture *picture)
{
    png_structp reader = picture->reader;
    png_read_info(reader, picture->info);
    png_set_expand(reader);
    int passes = png_set_interlace_handling(reader);
    png_read_update_info(reader, picture->info);
    picture->row = calloc(1, png_get_rowbytes(reader, picture->info));
    if (!picture->row)
        png_error(reader, "out of memory");
    for (int pass = 0; pass < passes; pass++)
        for (png_uint_32 y = png_get_image_height(reader, picture->info); y > 0; y--)
            png_read_row(reader, picture->row, NULL);
    png_read_end(reader, picture->info);
}

static bool decode(struct picture *picture)
{
    if (setjmp(png_jmpbuf(picture->reader)))
        return false;
    png_set_read_fn(picture->reader, picture, read_bytes);
    read_rows(picture);
    return true;
}

bool parse_png(const char *text, size_t length, struct complaint *ret_complaint)
{
    struct picture picture = { .at = text, .left = length, .complaint = ret_complaint };
    *ret_complaint = (struct complaint) { .message = "out of memory" };
    picture.reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, &picture, fail, ignore);
    if (picture.reader)
        picture.info = png_create_info_struct(picture.reader);
    bool good = picture.info && decode(&picture);
    png_destroy_read_struct(&picture.reader, &picture.info, NULL);
    free(picture.row);
    return good;
}
