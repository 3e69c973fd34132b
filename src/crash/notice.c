/*
 * notice.c - tells the parent of a crash in a process that cannot stop itself
 */
#include "src/crash/notice.h"

#include "src/base/written.h"

#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const void *message BASE_WRITTEN;
static size_t message_size BASE_WRITTEN;
static int notice_fd BASE_WRITTEN;

void crash__set_notice(int fd, const void *bytes, size_t size)
{
    notice_fd = fd;
    message = bytes;
    message_size = size;
}

bool crash__send_notice(void)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)message, .iov_len = message_size};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};

    return message_size > 0 && notice_fd >= 0 &&
           syscall(SYS_sendmsg, notice_fd, &head, MSG_DONTWAIT | MSG_NOSIGNAL) ==
               (long)message_size;
}
