/*
 * memfd.c - creates, checks and maps sealed memory
 */
#include "src/wire/memfd.h"

#include "src/base/fd.h"
#include "src/base/written.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

static const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

/* Lists the parts, without the `skip` bytes of the first that were written. Returns how many. */
static int list_parts(const struct wire_part *parts, size_t part_count, size_t skip,
                      struct iovec *iov, int max)
{
    int count = 0;

    for (size_t i = 0; i < part_count && count < max; i++) {
        iov[count++] = (struct iovec){ (char *)(uintptr_t)parts[i].data + skip,
                                       parts[i].length - skip };
        skip = 0;
    }
    return count;
}

int wire__memfd_append(int fd, const struct wire_part *parts, size_t part_count)
{
    enum { AT_ONCE = 64 };
    struct iovec iov[AT_ONCE];
    size_t skip = 0;

    while (part_count > 0) {
        ssize_t n = writev(fd, iov, list_parts(parts, part_count, skip, iov, AT_ONCE));
        if (n < 0 && errno != EINTR)
            return -errno;
        for (skip += n > 0 ? (size_t)n : 0; part_count > 0 && skip >= parts->length; parts++) {
            skip -= parts->length;
            part_count--;
        }
    }
    return 0;
}

int wire__memfd_open(size_t length)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < length)
        return -EFBIG;
    int fd = memfd_create("forkscope", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd < 0 ? -errno : base__fd_behind_stdio(fd);
}

int wire__memfd_share(size_t length, void **ret_bytes)
{
    int fd = wire__memfd_open(length);

    if (fd < 0)
        return fd;
    void *bytes = MAP_FAILED;
    if (ftruncate(fd, (off_t)length) == 0)
        bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    *ret_bytes = bytes;
    return fd;
}

int wire__memfd_seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int wire__memfd_new(const struct wire_part *parts, size_t part_count)
{
    size_t length = 0;

    for (size_t i = 0; i < part_count; i++)
        length += parts[i].length;
    int fd = wire__memfd_open(length);
    if (fd < 0)
        return fd;
    int rc = wire__memfd_append(fd, parts, part_count);
    if (rc == 0)
        rc = wire__memfd_seal(fd);
    if (rc == 0)
        return fd;
    close(fd);
    return rc;
}

/*
 * Is the memory made of ordinary pages? A read of a hole in huge pages raises SIGBUS when no huge
 * page is free. fstatfs(2) on a memfd never blocks.
 */
static bool has_small_pages(int fd)
{
    struct statfs system;
    return fstatfs(fd, &system) == 0 && system.f_type == TMPFS_MAGIC;
}

static bool is_allocated(const struct stat *status)
{
    enum { BLOCK = 512 };
    return (uint64_t)status->st_blocks * BLOCK >= (uint64_t)status->st_size;
}

/*
 * All memfds with ordinary pages lie in one file system of the kernel's own, which is there for as
 * long as the kernel runs. Files of a mounted tmpfs cannot be sealed against writing.
 */
static bool lies_in_small_pages(int fd, dev_t device)
{
    static dev_t known BASE_WRITTEN;

    if (__atomic_load_n(&known, __ATOMIC_RELAXED) == device)
        return true;
    if (!has_small_pages(fd))
        return false;
    __atomic_store_n(&known, device, __ATOMIC_RELAXED);
    return true;
}

int wire__memfd_look(int fd, struct wire_memfd *ret_memfd)
{
    struct stat status;
    int have = fcntl(fd, F_GET_SEALS);

    if (have < 0 || (have & seals) != seals)
        return -EPROTO;
    if (fstat(fd, &status) < 0)
        return -errno;
    *ret_memfd = (struct wire_memfd){
        .size = (size_t)status.st_size,
        .file = base__fd_file(&status),
        .is_backed = is_allocated(&status) && lies_in_small_pages(fd, status.st_dev),
    };
    return 0;
}

int wire__memfd_back(int fd)
{
    struct stat status;

    if (!has_small_pages(fd))
        return -EINVAL;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (is_allocated(&status))
        return 0;
    return fallocate(fd, 0, 0, status.st_size) < 0 ? -errno : 0;
}

/* Checks a received text. Moves the file position, which no reader of this memory uses. */
static int check_text(int fd, size_t length)
{
    struct wire_memfd memfd;
    int rc = wire__memfd_look(fd, &memfd);

    if (rc < 0)
        return rc;
    if (length == 0 || memfd.size != length || !memfd.is_backed)
        return -EPROTO;
    return lseek(fd, 0, SEEK_HOLE) == (off_t)length ? 0 : -EPROTO;
}

int wire__memfd_map(int fd, size_t length, const unsigned char **ret_bytes)
{
    int rc = check_text(fd, length);

    if (rc < 0)
        return rc;
    void *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    *ret_bytes = bytes;
    return 0;
}

int wire__memfd_read(int fd, size_t length, unsigned char *bytes)
{
    int rc = check_text(fd, length);

    for (size_t at = 0; rc == 0 && at < length;) {
        ssize_t n = pread(fd, bytes + at, length - at, (off_t)at);
        if (n > 0)
            at += (size_t)n;
        else if (n == 0 || errno != EINTR)
            rc = n == 0 ? -EPROTO : -errno;
    }
    return rc;
}
