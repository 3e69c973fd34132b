/*
 * oom.c - reads the kernel's count of OOM kills
 */
#include "forkserver/process/oom.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

unsigned long long forkserver__oom_kills(int vmstat)
{
    static const char key[] = "\noom_kill ";
    char text[16384];
    ssize_t length = pread(vmstat, text, sizeof text - 1, 0);

    if (length <= 0)
        return 0;
    text[length] = '\0';
    const char *found = strstr(text, key);
    return found ? strtoull(found + sizeof key - 1, NULL, 10) : 0;
}
