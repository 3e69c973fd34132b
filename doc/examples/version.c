/*
 * Compares the library that a program runs with to the one that it was
 * compiled for, and prints what a code means. Prints "same version" and
 * "not finished in time".
 */
#include <errno.h>
#include <forkscope.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    if (strcmp(forkscope_version(), FORKSCOPE_VERSION) != 0)
        return 1;
    puts("same version");
    return puts(forkscope_strerror(-ETIMEDOUT)) < 0;
}
