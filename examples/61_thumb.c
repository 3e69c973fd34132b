/*
 * 61_thumb.c - thumbnails of PNG files, decoded in isolated workers. usage: 61_thumb OUTDIR FILE...
 *
 * Shows a whole program around a set: each file is opened here and decoded by libpng in a worker of
 * a pool, which gets the descriptor and returns bytes. A file that is no PNG is a failure that is
 * data; a crash or a hang of the decoder costs one file. Prints what is wrong with which file, and
 * how many thumbnails (PPM, 64 by 64 pixels) it has written.
 */
#include <fcntl.h>
#include <forkscope.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 64, MOST = 1 << 28 };

/* In the worker: an open file becomes SIDE * SIDE pixels. */

static void shrink(const png_image *image, const unsigned char *from, unsigned char *to)
{
    for (size_t y = 0; y < SIDE; y++) {
        for (size_t x = 0; x < SIDE; x++) {
            size_t row = y * image->height / SIDE, column = x * image->width / SIDE;
            memcpy(to + 3 * (y * SIDE + x), from + 3 * (row * image->width + column), 3);
        }
    }
}

static json_t *decode(FILE *file, png_image *image)
{
    static unsigned char small[SIDE * SIDE * 3];
    unsigned char *pixels = NULL;
    json_t *result = NULL;

    if (!png_image_begin_read_from_stdio(image, file))
        return procspawn_fail("%s", image->message);
    image->format = PNG_FORMAT_RGB;
    if (PNG_IMAGE_SIZE(*image) > MOST || !(pixels = malloc(PNG_IMAGE_SIZE(*image)))) {
        procspawn_fail("the picture is too large");
    } else if (!png_image_finish_read(image, NULL, pixels, 0, NULL)) {
        procspawn_fail("%s", image->message);
    } else {
        shrink(image, pixels, small);
        result = procspawn_value_bytes(small, sizeof small);
    }
    free(pixels);
    return result;
}

static json_t *thumbnail(json_t *descriptor)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    FILE *file;
    int fd;

    if (procspawn_value_claim_fd(descriptor, &fd) < 0)
        return procspawn_fail("no file");
    if (!(file = fdopen(fd, "rb")))
        procspawn_panic("no memory for a stream");
    json_t *result = decode(file, &image);
    png_image_free(&image);
    fclose(file);
    return result;
}

/* In the program. */

static bool save(const char *directory, const char *path, const json_t *pixels)
{
    const char *base = strrchr(path, '/');
    char out[4096];

    int length = snprintf(out, sizeof out, "%s/%s.ppm", directory, base ? base + 1 : path);
    FILE *file = length < (int)sizeof out ? fopen(out, "wb") : NULL;
    if (!file)
        return false;
    fprintf(file, "P6 %d %d 255\n", SIDE, SIDE);
    fwrite(procspawn_bytes_value(pixels), 1, procspawn_bytes_length(pixels), file);
    return fclose(file) == 0;
}

static int give(const struct procspawn_result *result, const char *directory)
{
    const char *path = result->tag;

    if (result->error) {
        bool bad = procspawn_error_kind(result->error) == PROCSPAWN_ERROR_FAILED;
        printf("%s: %s%s\n", path, bad ? "" : "CRASH: ", procspawn_error_message(result->error));
        return 0;
    }
    if (save(directory, path, result->value))
        return 1;
    printf("%s: the thumbnail cannot be written\n", path);
    return 0;
}

int main(int argc, char **argv)
{
    struct procspawn_call_options options = { .run_limit = 2 * FORKSCOPE_S, .take_argument = true };
    struct procspawn_result result;
    procspawn_set *set;
    int rc, good = 0;

    if (argc < 3)
        return fprintf(stderr, "usage: 61_thumb OUTDIR FILE...\n"), 2;
    if ((rc = procspawn_init(argc, argv)) < 0 || (rc = procspawn_pool_new(4, &options.pool)) < 0 ||
        (rc = procspawn_set_new(&set)) < 0)
        return fprintf(stderr, "61_thumb: %s\n", forkscope_strerror(rc)), 1;
    for (int i = 2; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0 || procspawn_set_start(set, &options, thumbnail, procspawn_value_fd_take(fd),
                                          argv[i]) < 0)
            printf("%s: cannot be opened\n", argv[i]);
    }
    while (procspawn_set_next(set, &result) == 0) {         /* whichever ends first */
        good += give(&result, argv[1]);
        procspawn_result_fini(&result);
    }
    procspawn_set_free(set);
    procspawn_pool_free(options.pool);
    printf("%d thumbnails of %d files\n", good, argc - 2);
    return procspawn_fini() == 0 ? 0 : 1;
}
