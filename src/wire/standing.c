/*
 * standing.c - memory that stays between a pool and one of its workers
 */
#include "src/wire/standing.h"

#include "src/base/fd.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010      /* since Linux 5.1 */
#endif

enum { STEP = 64 << 10 };

/* An eighth more, so that messages that grow slowly do not need a new buffer each time. */
static size_t size_for(size_t length)
{
    size_t size = (length + length / 8 + STEP - 1) / STEP * STEP;
    return size < WIRE_STANDING_MAX || length > WIRE_STANDING_MAX ? size : WIRE_STANDING_MAX;
}

static int map(int fd, bool to_write, struct wire_standing *standing)
{
    void *bytes = mmap(NULL, standing->size, to_write ? PROT_READ | PROT_WRITE : PROT_READ,
                       MAP_SHARED, fd, 0);

    if (bytes == MAP_FAILED)
        return -errno;
    standing->bytes = bytes;
    return madvise(bytes, standing->size, MADV_DONTFORK) < 0 ? -errno : 0;
}

/* Memory that is not there when it is written to would be a SIGBUS instead of an error. */
static int allocate(int fd, size_t size)
{
    int rc;

    do {
        rc = fallocate(fd, 0, 0, (off_t)size);
    } while (rc < 0 && errno == EINTR);
    return rc < 0 ? -errno : 0;
}

static int seal(int fd, int seals)
{
    return fcntl(fd, F_ADD_SEALS, seals | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno
                                                                                         : 0;
}

static int make(size_t length, bool to_write, struct wire_standing *standing)
{
    *standing = WIRE_STANDING_NONE;
    int fd = wire__memfd_open(size_for(length));
    if (fd < 0)
        return fd;
    fd = base__fd_hold(fd);
    if (fd < 0)
        return fd;
    *standing = (struct wire_standing){ NULL, size_for(length), fd };
    int rc = allocate(fd, standing->size);
    if (rc == 0 && to_write)
        rc = map(fd, true, standing);
    if (rc == 0)
        rc = seal(fd, to_write ? F_SEAL_FUTURE_WRITE : 0);
    if (rc < 0)
        wire__standing_close(standing);
    return rc;
}

int wire__standing_to_write(size_t length, struct wire_standing *ret_standing)
{
    return make(length, true, ret_standing);
}

int wire__standing_to_read(size_t length, struct wire_standing *ret_standing)
{
    return make(length, false, ret_standing);
}

int wire__standing_adopt(int fd, bool to_write, struct wire_standing *standing)
{
    struct stat status;

    wire__standing_close(standing);
    int rc = fstat(fd, &status) < 0 ? -errno : 0;
    if (rc == 0) {
        standing->size = (size_t)status.st_size;
        rc = map(fd, to_write, standing);
    }
    if (fd >= 0)
        close(fd);
    if (rc < 0)
        wire__standing_close(standing);
    return rc;
}

size_t wire__standing_write(const struct wire_standing *standing, size_t at,
                            const struct wire_part *parts, size_t part_count)
{
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].length > 0)
            memcpy(standing->bytes + at, parts[i].data, parts[i].length);
        at += parts[i].length;
    }
    return at;
}

int wire__standing_read(const struct wire_standing *standing, size_t length, void *bytes)
{
    if (!base__fd_is_ours(standing->fd))
        return -EBADF;
    for (size_t at = 0; at < length;) {
        ssize_t n = pread(standing->fd, (char *)bytes + at, length - at, (off_t)at);
        if (n > 0)
            at += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return n == 0 ? -EPROTO : -errno;
    }
    return 0;
}

void wire__standing_close(struct wire_standing *standing)
{
    if (standing->bytes)
        munmap(standing->bytes, standing->size);
    base__fd_close(standing->fd);
    *standing = WIRE_STANDING_NONE;
}
