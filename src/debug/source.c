/*
 * source.c - reads lines of a source file
 */
#include "src/debug/source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILE_MOST = 16 << 20, WINDOW = 16384, TAB = 8 };

/*
 * The name may be a child's. O_PATH does not affect a pipe or device; a link of /proc would lead to
 * what is open here.
 */
static int open_place(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
    return fd;
}

static bool is_later(const struct timespec *one, const struct timespec *other)
{
    return one->tv_sec > other->tv_sec ||
           (one->tv_sec == other->tv_sec && one->tv_nsec > other->tv_nsec);
}

static int open_source(const char *path, const struct timespec *newest)
{
    int place = path[0] == '/' ? open_place(path) : -1, fd = -1;
    struct stat status;
    char again[32];

    if (place < 0)
        return -1;
    snprintf(again, sizeof again, "/proc/self/fd/%d", place);
    if (fstat(place, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= FILE_MOST &&
        !is_later(&status.st_mtim, newest))
        fd = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    close(place);
    return fd;
}

/* The lines as they are put together, byte by byte. */
struct reader {
    struct source *source;
    uint32_t number;    /* of the line that the next byte belongs to */
    size_t length;      /* of its text */
};

static void put(struct reader *reader, char c)
{
    struct source *source = reader->source;
    uint32_t place = reader->number - source->first;

    if (reader->number < source->first || place >= SOURCE_LINES)
        return;
    if (source->count <= place)
        source->count = place + 1;
    do {
        if (reader->length < SOURCE_TEXT - 1 && c != '\r')
            source->text[place][reader->length++] = c == '\t' ? ' ' : c;
    } while (c == '\t' && reader->length % TAB && reader->length < SOURCE_TEXT - 1);
    source->text[place][reader->length] = '\0';
}

static void read_bytes(struct reader *reader, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        put(reader, bytes[i] == '\n' ? '\r' : bytes[i]);
        if (bytes[i] == '\n') {
            reader->number++;
            reader->length = 0;
        }
    }
}

/* A cut line does not end within a character. */
static void cut(char text[SOURCE_TEXT])
{
    size_t length = strlen(text);

    if (length < SOURCE_TEXT - 1)
        return;
    while (length > 0 && ((unsigned char)text[length - 1] & 0xc0) == 0x80)
        length--;
    if (length > 0 && (unsigned char)text[length - 1] >= 0xc0)
        length--;
    text[length] = '\0';
}

size_t debug__source_read(struct source *ret_source, const char *path, uint32_t line,
                          const struct timespec *newest)
{
    struct reader reader = {.source = ret_source, .number = 1};
    int fd = open_source(path, newest);
    char bytes[WINDOW];
    off_t at = 0;
    ssize_t got;

    memset(ret_source, 0, sizeof *ret_source);
    ret_source->first = line > 1 ? line - 1 : 1;
    if (fd < 0)
        return 0;
    while (reader.number <= line + 1 && at < FILE_MOST &&
           (got = pread(fd, bytes, sizeof bytes, at)) > 0) {
        read_bytes(&reader, bytes, (size_t)got);
        at += got;
    }
    close(fd);
    for (uint32_t i = 0; i < ret_source->count; i++)
        cut(ret_source->text[i]);
    if (line == 0 || ret_source->first + ret_source->count <= line)
        ret_source->count = 0;
    else if (line == 1 && ret_source->count == SOURCE_LINES)
        ret_source->count--;
    return ret_source->count;
}
