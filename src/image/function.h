/*
 * function.h - function pointers as messages carry them: a module and an offset in it
 */
#ifndef FORKSCOPE_IMAGE_FUNCTION_H
#define FORKSCOPE_IMAGE_FUNCTION_H

#include "src/wire/call.h"
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stddef.h>

/* At init: makes the list of loaded modules. 0 or -ENOMEM. */
int procspawn__modules_record(void);
/*
 * Describes a function for a child. *ret_library: path of its module in new memory if the module
 * was loaded after init, else NULL. 0, or PROCSPAWN_EFUNCTION if a child could not find it.
 */
int procspawn__function_describe(procspawn_function *function, struct wire_function *ret_function,
                                 char **ret_library);
/* Writes why no child could have a function that procspawn__function_describe() refuses. */
void procspawn__function_refusal(procspawn_function *function, char *ret_text, size_t size);
/*
 * In the child: returns the function, or NULL with a reason in static memory. fresh: no user code
 * has run in this process since it was forked, so all modules of init are still loaded and the list
 * can be trusted without a look at the loader's.
 */
procspawn_function *procspawn__function_resolve(const struct wire_function *function,
                                                const char *library, bool fresh,
                                                const char **ret_reason);

#endif
