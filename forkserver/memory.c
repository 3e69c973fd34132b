#include "forkserver/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

static const uint64_t no_page = 1;

void forkserver__memory_init(struct memory *memory, pid_t pid)
{
    memory->pid = pid;
    for (int i = 0; i < MEMORY_PAGES; i++)
        memory->address[i] = no_page;
}

static int fill(struct memory *memory, size_t place, uint64_t address)
{
    struct iovec to = {memory->page[place], MEMORY_PAGE};
    struct iovec from = {(void *)(uintptr_t)address, MEMORY_PAGE};
    ssize_t got;

    memory->address[place] = no_page;
    got = process_vm_readv(memory->pid, &to, 1, &from, 1, 0);
    if (got != MEMORY_PAGE)
        return got < 0 && errno != EFAULT ? -errno : -EFAULT;
    memory->address[place] = address;
    return 0;
}

int forkserver__memory_read(struct memory *memory, uint64_t address, void *ret_bytes, size_t size)
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

int forkserver__memory_text(struct memory *memory, uint64_t address, char *ret_text, size_t room)
{
    size_t length = 0;

    while (length < room - 1) {
        int error = forkserver__memory_read(memory, address + length, ret_text + length, 1);

        if (error && length == 0)
            return error;
        if (error || ret_text[length] == '\0')
            break;
        length++;
    }
    ret_text[length] = '\0';
    return 0;
}
