/*
 * remote_memory.c - process_vm_readv and /proc/PID/mem, with a page cache
 */
#include "src/crash/remote_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static const uint64_t no_page = 1;

static int open_mem(pid_t pid, int access)
{
    char path[32];
    int fd;

    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    fd = open(path, access | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void crash__memory_open(struct memory *ret_memory, pid_t pid)
{
    ret_memory->pid = pid;
    ret_memory->fd = open_mem(pid, O_RDWR);
    if (ret_memory->fd < 0)
        ret_memory->fd = open_mem(pid, O_RDONLY);
    for (int i = 0; i < MEMORY_PAGES; i++)
        ret_memory->address[i] = no_page;
}

void crash__memory_close(struct memory *memory)
{
    if (memory->fd >= 0)
        close(memory->fd);
    memory->fd = -1;
}

static ssize_t read_by_number(pid_t pid, uint64_t address, void *ret_bytes, size_t size)
{
    struct iovec to = {ret_bytes, size};
    struct iovec from = {(void *)(uintptr_t)address, size};

    return process_vm_readv(pid, &to, 1, &from, 1, 0);
}

/*
 * Reading an unmapped address fails with EIO, and with EINVAL in the upper half of the address
 * space. The mem file of a process that has ended reads as empty.
 */
static int outcome(ssize_t got, size_t size)
{
    if (got < 0)
        return errno == EIO || errno == EINVAL ? -EFAULT : -errno;
    if (got == 0)
        return -ESRCH;
    return got == (ssize_t)size ? 0 : -EFAULT;
}

int crash__memory_peek(pid_t pid, const void *address, void *ret_bytes, size_t size)
{
    uint64_t at = (uint64_t)(uintptr_t)address;
    int error = outcome(read_by_number(pid, at, ret_bytes, size), size), fd;

    if (error == 0 || error == -ESRCH || error == -EFAULT)
        return error;
    fd = open_mem(pid, O_RDONLY);
    if (fd < 0)
        return error;
    error = outcome(pread(fd, ret_bytes, size, (off_t)at), size);
    close(fd);
    return error;
}

/* A filter that refuses pread may allow preadv. */
static ssize_t read_by_file(int fd, uint64_t address, unsigned char *ret_page)
{
    struct iovec to = {ret_page, MEMORY_PAGE};
    ssize_t got = pread(fd, ret_page, MEMORY_PAGE, (off_t)address);

    if (got >= 0 || (errno != EPERM && errno != ENOSYS))
        return got;
    return preadv(fd, &to, 1, (off_t)address);
}

static int fill(struct memory *memory, size_t place, uint64_t address)
{
    unsigned char *page = memory->page[place];
    int error;

    memory->address[place] = no_page;
    error = outcome(memory->fd >= 0 ? read_by_file(memory->fd, address, page)
                                    : read_by_number(memory->pid, address, page, MEMORY_PAGE),
                    MEMORY_PAGE);
    if (error == 0)
        memory->address[place] = address;
    return error;
}

int crash__memory_read(struct memory *memory, uint64_t address, void *ret_bytes, size_t size)
{
    unsigned char *out = ret_bytes;

    while (size > 0) {
        uint64_t inside = address % MEMORY_PAGE;
        uint64_t start = address - inside;
        size_t place = (size_t)(start / MEMORY_PAGE % MEMORY_PAGES);
        size_t piece = MEMORY_PAGE - inside < size ? (size_t)(MEMORY_PAGE - inside) : size;
        int error = memory->address[place] == start ? 0 : fill(memory, place, start);

        if (error)
            return error;
        memcpy(out, memory->page[place] + inside, piece);
        out += piece;
        address += piece;
        size -= piece;
    }
    return 0;
}

int crash__memory_text(struct memory *memory, uint64_t address, char *ret_text, size_t room)
{
    size_t length = 0;

    while (length < room - 1) {
        int error = crash__memory_read(memory, address + length, ret_text + length, 1);

        if (error && length == 0)
            return error;
        if (error || ret_text[length] == '\0')
            break;
        length++;
    }
    ret_text[length] = '\0';
    return 0;
}
