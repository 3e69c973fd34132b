/*
 * handle.h - the handle of a call of a pool: waits for the call, ends it, frees it
 */
#ifndef FORKSCOPE_POOL_HANDLE_H
#define FORKSCOPE_POOL_HANDLE_H

#include "src/call/handle.h"

extern const struct procspawn__handle_kind procspawn__pool_call_kind;

#endif
