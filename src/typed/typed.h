/*
 * typed.h - typed arguments that cannot be sent: freed, and named by an error
 */
#ifndef FORKSCOPE_TYPED_TYPED_H
#define FORKSCOPE_TYPED_TYPED_H

#include <forkscope/error.h>
#include <forkscope/typed.h>

/* Frees the arguments, which nobody has taken. */
void procspawn__pack_drop(struct procspawn__packing *packing);
/* Names the parameter. Never NULL. */
procspawn_error *procspawn__error_of_argument(const struct procspawn__packing *packing,
                                              const char *function);

#endif
