/*
 * abort_message.h - what a process said before it called abort(), for instance by assert()
 */
#ifndef FORKSCOPE_CRASH_ABORT_MESSAGE_H
#define FORKSCOPE_CRASH_ABORT_MESSAGE_H

#include "src/crash/modules.h"
#include "src/crash/names.h"

#include <stdbool.h>
#include <stddef.h>

enum { ABORT_MESSAGE = 1024 };    /* longer ones are cut */

/* False in a static program, where the symbols of the executable are needed to find it. */
bool crash__abort_message_needs_no_symbols(void);

/*
 * Reads the first line of the message from names->memory. at_init: modules of this process and of
 * that one. False if there is none.
 */
bool crash__abort_message(const struct names *names, const struct modules *at_init,
                          char ret_text[ABORT_MESSAGE]);

#endif
