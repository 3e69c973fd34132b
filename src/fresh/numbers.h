/*
 * numbers.h - state of a process that is one number to the kernel
 */
#ifndef FORKSCOPE_FRESH_NUMBERS_H
#define FORKSCOPE_FRESH_NUMBERS_H

#include "src/fresh/area.h"
#include <stdbool.h>

void fresh__numbers_save(struct fresh__saved *saved);
/* Puts back what has changed. Returns false if that is not possible; *ret_name: of what. */
bool fresh__numbers_put_back(const struct fresh__saved *saved, const char **ret_name);

#endif
