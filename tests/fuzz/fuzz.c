/*
 * fuzz.c - input, descriptors and checks for the fuzz targets
 */
#include "tests/fuzz/fuzz.h"

#include "src/wire/memfd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

uint8_t fuzz_u8(struct fuzz_input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->bytes++;
}

uint64_t fuzz_u64(struct fuzz_input *input)
{
    uint64_t value = 0;
    size_t length = input->left < sizeof value ? input->left : sizeof value;

    memcpy(&value, input->bytes, length);
    input->bytes += length;
    input->left -= length;
    return value;
}

size_t fuzz_length(struct fuzz_input *input, size_t most)
{
    size_t length = fuzz_u8(input);

    length |= (size_t)fuzz_u8(input) << 8;
    if (length > most)
        length = most;
    return length < input->left ? length : input->left;
}

void *fuzz_copy(struct fuzz_input *input, size_t length)
{
    void *copy = malloc(length);

    fuzz_check(copy != NULL && length <= input->left);
    memcpy(copy, input->bytes, length);
    input->bytes += length;
    input->left -= length;
    return copy;
}

static int open_memfd(const void *bytes, size_t length)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    fuzz_check(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
    return fd;
}

int fuzz_sealed(const void *bytes, size_t length)
{
    int fd = open_memfd(bytes, length);

    fuzz_check(wire__memfd_seal(fd) == 0);
    return fd;
}

static int open_end(int (*make)(int ends[2]))
{
    int ends[2];

    fuzz_check(make(ends) == 0);
    close(ends[1]);
    return ends[0];
}

static int make_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC);
}

static int make_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

int fuzz_open(uint8_t kind, const void *bytes, size_t length)
{
    switch (kind % 7) {
    case 0:
        return open_end(make_pipe);
    case 1:
        return open_end(make_pair);
    case 2:
        return open("/dev/null", O_RDWR | O_CLOEXEC);
    case 3:
        return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    case 4:
        return open("/", O_PATH | O_CLOEXEC);
    case 5:
        return open_memfd(bytes, length);
    default:
        return fuzz_sealed(bytes, length);
    }
}

void fuzz_check(int holds)
{
    if (!holds)
        abort();
}

enum { DESCRIPTORS = 256 };

static struct pollfd noted[DESCRIPTORS];

static void look(struct pollfd *ret_fds)
{
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        ret_fds[fd] = (struct pollfd){ .fd = fd };
    fuzz_check(poll(ret_fds, DESCRIPTORS, 0) >= 0);
}

void fuzz_note_descriptors(void)
{
    look(noted);
}

void fuzz_check_descriptors(void)
{
    struct pollfd now[DESCRIPTORS];

    look(now);
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        fuzz_check((now[fd].revents & POLLNVAL) == (noted[fd].revents & POLLNVAL));
}
