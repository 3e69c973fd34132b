/* One step up a stack by call frame information, with libunwind's remote interface over our own
 * view of the process (memory.h, modules.h).
 *
 * libunwind is loaded when it is needed, locally: linked in, it would offer its own _Unwind_* to
 * the C++ exceptions of the host program. Its guesses for code without information are refused; the
 * caller has better rules (walk.c). */
#ifndef FORKSERVER_CFI_H
#define FORKSERVER_CFI_H

#include "src/crash/machine.h"
#include "src/crash/remote_memory.h"
#include "src/crash/modules.h"

struct cfi;

/* Returns 0; -ELIBACC when libunwind cannot be loaded; -ENOMEM. memory and modules are borrowed
 * until cfi_free. */
int forkserver__cfi_new(struct cfi **ret_cfi, struct memory *memory, struct modules *modules);
void forkserver__cfi_free(struct cfi *cfi);

/* From a frame's registers to its caller's. exact: the pc is the next instruction to run, not a
 * return address. Returns 1; 0 at the stack's end; -ENOENT where there is no (sound)
 * information. */
int forkserver__cfi_step(struct cfi *cfi, const struct registers *registers, bool exact,
                         struct registers *ret_caller);

#endif
