/*
 * usage.h - what a process used, as the server tells it with its death
 */
#ifndef FORKSCOPE_ERROR_USAGE_H
#define FORKSCOPE_ERROR_USAGE_H

#include "src/wire/protocol.h"
#include <sys/resource.h>

void procspawn__usage_of(const struct wire_death *death, struct rusage *ret_usage);

#endif
