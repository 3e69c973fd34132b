/*
 * cfi.h - one step up a stack by call frame information
 *
 * Uses libunwind's remote interface over remote_memory.h and modules.h. libunwind is loaded on
 * demand and locally: if it were linked in, its _Unwind_* would replace those that C++ exceptions
 * of the host program use. Its guesses for code without information are refused; walk.c has better
 * rules.
 */
#ifndef FORKSCOPE_CRASH_CFI_H
#define FORKSCOPE_CRASH_CFI_H

#include "src/crash/machine.h"
#include "src/crash/module_files.h"
#include "src/crash/remote_memory.h"
#include "src/crash/modules.h"

struct cfi;

/*
 * Returns 0; -ELIBACC if libunwind cannot be loaded; -ENOMEM. All are borrowed until
 * crash__cfi_free. files: where sections of unwind information without an index are looked up; NULL
 * if they are not.
 */
int crash__cfi_new(struct cfi **ret_cfi, struct memory *memory, struct modules *modules,
                   const struct module_files *files);
void crash__cfi_free(struct cfi *cfi);

/*
 * Computes the caller's registers from a frame's. exact: the pc is the next instruction to run, not
 * a return address. Returns 1; 0 at the end of the stack; -ENOENT without valid information.
 */
int crash__cfi_step(struct cfi *cfi, const struct registers *registers, bool exact,
                    struct registers *ret_caller);

#endif
