/*
 * soft_limits.c - raises the soft limits of a helper process
 */
#include "src/base/soft_limits.h"

#include <stddef.h>
#include <sys/resource.h>

void base__soft_limits_lift(void)
{
    static const int resources[] = { RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_DATA, RLIMIT_CPU };

    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)resources[i], &limit) < 0)
            continue;
        limit.rlim_cur = limit.rlim_max;
        setrlimit((__rlimit_resource_t)resources[i], &limit);
    }
}
