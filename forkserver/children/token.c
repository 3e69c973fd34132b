/*
 * token.c - draws tokens in batches
 */
#include "forkserver/children/token.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

/* For a kernel without getrandom(2), or a seccomp filter that refuses it. */
static int read_device(void *bytes, size_t length)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, bytes, length);
    int rc = n == (ssize_t)length ? 0 : n < 0 ? -errno : -EIO;
    close(fd);
    return rc;
}

int forkserver__token_draw(struct tokens *tokens, struct wire_token *ret_token)
{
    if (tokens->left == 0) {
        if (getrandom(tokens->drawn, sizeof tokens->drawn, 0) != sizeof tokens->drawn) {
            int rc = read_device(tokens->drawn, sizeof tokens->drawn);
            if (rc < 0)
                return rc;
        }
        tokens->left = TOKENS_AT_ONCE;
    }
    *ret_token = tokens->drawn[--tokens->left];
    return 0;
}
