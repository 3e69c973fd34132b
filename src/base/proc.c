#include "src/base/proc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The first word is the process's number there. */
bool base__proc_is_ours(void)
{
    char text[16];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    return atoi(text) == getpid();
}
