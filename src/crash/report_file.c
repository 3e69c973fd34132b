/*
 * report_file.c - each report follows its length
 */
#include "src/crash/report_file.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static int write_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? -errno : -EIO;
        bytes += put;
        size -= (size_t)put;
    }
    return 0;
}

int crash__report_file_add(const struct backtrace *trace, int fd)
{
    static unsigned char bytes[sizeof(uint32_t) + BACKTRACE_BYTES];
    long size = crash__backtrace_encode(trace, bytes + sizeof(uint32_t), BACKTRACE_BYTES);
    uint32_t length = (uint32_t)size;

    if (size < 0)
        return (int)size;
    memcpy(bytes, &length, sizeof length);
    return write_all(fd, bytes, sizeof length + length);
}

int crash__report_file_last(const unsigned char *bytes, size_t size, struct backtrace *ret_trace)
{
    size_t start[REPORT_FILE_REPORTS], at = 0, count = 0;
    uint32_t length[REPORT_FILE_REPORTS];

    while (count < REPORT_FILE_REPORTS && size - at > sizeof *length) {
        memcpy(&length[count], bytes + at, sizeof *length);
        at += sizeof *length;
        if (length[count] > size - at)
            break;
        start[count] = at;
        at += length[count++];
    }
    while (count-- > 0)
        if (crash__backtrace_decode(bytes + start[count], length[count], ret_trace) == 0)
            return 0;
    return -EBADMSG;
}
