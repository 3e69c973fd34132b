#include "src/base/proc.h"

#include <stdlib.h>
#include <unistd.h>

bool base__proc_is_ours(void)
{
    char name[16];
    ssize_t length = readlink("/proc/self", name, sizeof name - 1);

    name[length > 0 ? length : 0] = '\0';
    return atoi(name) == getpid();
}
