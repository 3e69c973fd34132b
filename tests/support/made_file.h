/*
 * made_file.h - pictures and archives, made byte by byte, so that their faults are known
 */
#ifndef FORKSCOPE_SUPPORT_MADE_FILE_H
#define FORKSCOPE_SUPPORT_MADE_FILE_H

#include <stddef.h>
#include <stdint.h>

struct made_file {
    unsigned char *data;
    size_t length;
};

void made_file_add(struct made_file *file, const void *data, size_t length);
void made_file_free(struct made_file *file);

/* What stands in the header of a PNG file; its pixels are a pattern. */
struct made_picture {
    uint32_t width, height;
    unsigned char depth, colour, interlaced;
    unsigned piece;             /* bytes of data in a chunk; 0: all in one */
    unsigned rows_missing;      /* of the data */
};

/* Appends a PNG file. What is no valid header is written all the same. */
void made_file_png(struct made_file *file, const struct made_picture *picture);

/* Appends an entry of a tar file, or what ends it. */
void made_file_tar_entry(struct made_file *file, const char *name, const char *text);
void made_file_tar_end(struct made_file *file);

/* Appends a zip file with one stored entry. */
void made_file_zip(struct made_file *file, const char *name, const char *text);

/* Appends a gzip file with these bytes in it, not compressed. */
void made_file_gzip(struct made_file *file, const struct made_file *inner);

#endif
