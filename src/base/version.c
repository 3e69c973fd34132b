/*
 * version.c - the version of the library
 */
#include <forkscope.h>

const char *forkscope_version(void)
{
    return FORKSCOPE_VERSION;
}
