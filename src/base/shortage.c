/*
 * shortage.c - errors that say that something is used up just now
 */
#include "src/base/shortage.h"

#include <errno.h>

bool base__is_shortage(int rc)
{
    switch (rc) {
    case -EMFILE:
    case -ENFILE:
    case -ENOBUFS:
    case -ENOMEM:
    case -ENOSPC:               /* limit of epoll(7) watches */
    case -ETOOMANYREFS:         /* limit of descriptors in messages that are not received yet */
        return true;
    default:
        return false;
    }
}
