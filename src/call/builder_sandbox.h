/*
 * builder_sandbox.h - the sandbox of a builder, in a request
 */
#ifndef FORKSCOPE_CALL_BUILDER_SANDBOX_H
#define FORKSCOPE_CALL_BUILDER_SANDBOX_H

#include "src/call/request.h"
#include "src/sandbox/policy.h"

/* Writes the sandbox, if anything of it is set. Comes after the memory limit (src/wire/call.h). */
void procspawn__sandbox_put(struct procspawn__request *request,
                            const struct procspawn__sandbox *sandbox);

#endif
