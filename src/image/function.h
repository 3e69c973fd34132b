/*
 * function.h - functions as they travel
 */
#ifndef FORKSCOPE_IMAGE_FUNCTION_H
#define FORKSCOPE_IMAGE_FUNCTION_H

#include "src/wire/call.h"
#include <forkscope/procspawn.h>
#include <stdbool.h>

/* 0 or -ENOMEM. */
int procspawn__modules_remember(void);
/* library: path of a module that was loaded after init, in new memory, else NULL. */
int procspawn__function_describe(procspawn_function *function, struct wire_function *ret_function,
                                 char **ret_library);
/*
 * Returns the function or NULL with a reason. fresh: no foreign code has run in this process since
 * it was forked, so that all modules of the image are still there, and none has to be looked at.
 */
procspawn_function *procspawn__function_resolve(const struct wire_function *function,
                                                const char *library, bool fresh,
                                                const char **ret_reason);

#endif
