/*
 * shmem.c - sealed memory that processes share
 *
 * Filling, allocating and closing a file are cancellation points of the C library. Here
 * cancellation is off during these calls, since an operation would be left half done.
 */
#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/base/thread.h"
#include "src/value/placeholder.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <fcntl.h>
#include <forkscope/shmem.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct procspawn_shmem {
    unsigned references;
    int fd;
    size_t size;
    const void *data;
};

struct procspawn_shmem_writer {
    int fd;
    size_t size;
    void *data;
};

/* The address of an empty buffer: mmap(2) makes no mapping of size 0. */
static char nothing[1];

/*
 * Maps privately: before Linux 6.7 a sealed memfd could not be mapped shared, not even for reading.
 */
static int map_sealed(int fd, size_t size, const void **ret_data)
{
    if (size == 0) {
        *ret_data = nothing;
        return 0;
    }
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return -errno;
    *ret_data = data;
    return 0;
}

static void close_fd(int fd)
{
    bool cancelable = base__cancelable(false);
    close(fd);
    base__cancelable(cancelable);
}

static void unmap(const void *data, size_t size)
{
    if (size > 0)
        munmap((void *)(uintptr_t)data, size);
}

/* Makes a buffer of a noted descriptor, which is taken, also on failure. */
static int adopt_held(int fd, const struct wire_memfd *memfd, procspawn_shmem **ret_shmem)
{
    procspawn_shmem *shmem = malloc(sizeof *shmem);
    const void *data = NULL;
    int rc = shmem ? map_sealed(fd, memfd->size, &data) : -ENOMEM;

    if (rc < 0) {
        free(shmem);
        base__close_foreign(base__fd_release(fd));
        return rc;
    }
    *shmem = (procspawn_shmem){ .references = 1, .fd = fd, .size = memfd->size, .data = data };
    *ret_shmem = shmem;
    return 0;
}

/* The same of one that is not noted yet. */
static int adopt(int fd, procspawn_shmem **ret_shmem)
{
    struct wire_memfd memfd;
    int rc = wire__memfd_look(fd, &memfd);

    if (rc < 0) {
        base__close_foreign(fd);
        return rc;
    }
    fd = base__fd_hold_file(fd, memfd.file);
    return fd < 0 ? fd : adopt_held(fd, &memfd, ret_shmem);
}

int procspawn_shmem_new(const void *bytes, size_t size, procspawn_shmem **ret_shmem)
{
    const struct wire_part whole = { bytes, size };
    bool cancelable = base__cancelable(false);
    int fd = wire__memfd_new(&whole, 1);
    int rc = fd < 0 ? fd : adopt(fd, ret_shmem);

    base__cancelable(cancelable);
    return rc;
}

static int adopt_memfd(int memfd, procspawn_shmem **ret_shmem)
{
    if (fcntl(memfd, F_GET_SEALS) < 0)
        return -EINVAL;
    int fd = fcntl(memfd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd < 0)
        return -errno;
    struct wire_memfd sealed;
    int rc = wire__memfd_back(fd);
    if (rc == 0 && wire__memfd_look(fd, &sealed) < 0)
        rc = wire__memfd_seal(fd);
    if (rc == 0)
        return adopt(fd, ret_shmem);
    close(fd);
    return rc;
}

int procspawn_shmem_from_memfd(int memfd, procspawn_shmem **ret_shmem)
{
    bool cancelable = base__cancelable(false);
    int rc = adopt_memfd(memfd, ret_shmem);

    base__cancelable(cancelable);
    return rc;
}

procspawn_shmem *procspawn_shmem_ref(procspawn_shmem *shmem)
{
    __atomic_add_fetch(&shmem->references, 1, __ATOMIC_RELAXED);
    return shmem;
}

/* The thread that drops the last reference must see what all others did before: hence ACQ_REL. */
void procspawn_shmem_unref(procspawn_shmem *shmem)
{
    if (!shmem || __atomic_sub_fetch(&shmem->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    unmap(shmem->data, shmem->size);
    bool cancelable = base__cancelable(false);
    base__fd_close(shmem->fd);
    base__cancelable(cancelable);
    free(shmem);
}

const void *procspawn_shmem_data(const procspawn_shmem *shmem)
{
    return shmem->data;
}

size_t procspawn_shmem_size(const procspawn_shmem *shmem)
{
    return shmem->size;
}

int procspawn_shmem_fd(const procspawn_shmem *shmem)
{
    return shmem->fd;
}

/* ---- drafts ---- */

static int open_draft(procspawn_shmem_writer *draft)
{
    if (ftruncate(draft->fd, (off_t)draft->size) < 0)
        return -errno;
    draft->data = nothing;
    if (draft->size == 0)
        return 0;
    draft->data = mmap(NULL, draft->size, PROT_READ | PROT_WRITE, MAP_SHARED, draft->fd, 0);
    return draft->data == MAP_FAILED ? -errno : 0;
}

int procspawn_shmem_writer_new(size_t size, procspawn_shmem_writer **ret_draft)
{
    int fd = base__fd_hold(wire__memfd_open(size));
    if (fd < 0)
        return fd;
    procspawn_shmem_writer *draft = malloc(sizeof *draft);
    int rc = -ENOMEM;
    if (draft) {
        *draft = (procspawn_shmem_writer){ .fd = fd, .size = size };
        rc = open_draft(draft);
    }
    if (rc < 0) {
        free(draft);
        close_fd(base__fd_release(fd));
        return rc;
    }
    *ret_draft = draft;
    return 0;
}

void *procspawn_shmem_writer_data(procspawn_shmem_writer *draft)
{
    return draft->data;
}

/* Frees the draft and returns its descriptor; -1: the program has closed it. */
static int give_up_fd(procspawn_shmem_writer *draft)
{
    int fd = base__fd_release(draft->fd);

    unmap(draft->data, draft->size);
    free(draft);
    return fd;
}

void procspawn_shmem_writer_free(procspawn_shmem_writer *draft)
{
    int fd = draft ? give_up_fd(draft) : -1;

    if (fd >= 0)
        close_fd(fd);
}

int procspawn_shmem_writer_seal(procspawn_shmem_writer *draft, procspawn_shmem **ret_shmem)
{
    bool cancelable = base__cancelable(false);
    int fd = give_up_fd(draft);
    int rc = fd < 0 ? -EBADF : wire__memfd_back(fd);

    if (rc == 0)
        rc = wire__memfd_seal(fd);
    if (rc == 0)
        rc = adopt(fd, ret_shmem);
    else if (fd >= 0)
        close(fd);
    base__cancelable(cancelable);
    return rc;
}

/* ---- placeholders ---- */

json_t *procspawn_value_shmem(const procspawn_shmem *shmem)
{
    const struct procspawn__placeholder own = { PROCSPAWN_VALUE_SHMEM, false, (uint64_t)shmem->fd };
    return procspawn__placeholder_new(&own);
}

json_t *procspawn_value_shmem_take(procspawn_shmem *shmem)
{
    int fd = base__fd_is_ours(shmem->fd) ? fcntl(shmem->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                                         : -1;

    procspawn_shmem_unref(shmem);
    return fd < 0 ? NULL : procspawn__placeholder_give(PROCSPAWN_VALUE_SHMEM, fd);
}

int procspawn_value_claim_shmem(const json_t *value, procspawn_shmem **ret_shmem)
{
    struct wire_memfd memfd;
    int fd;
    int rc = procspawn__placeholder_take_held(value, PROCSPAWN_VALUE_SHMEM, &fd);

    if (rc < 0)
        return rc;
    if (wire__memfd_look(fd, &memfd) == 0 && base__fd_is_ours_as(fd, memfd.file))
        return adopt_held(fd, &memfd, ret_shmem);
    base__close_foreign(base__fd_release(fd));
    return PROCSPAWN_EVALUE;
}
