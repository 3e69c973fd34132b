/*
 * typed.h - functions with plain C parameters, callable in other processes
 *
 * PROCSPAWN_DEFINE defines a function once, with the types that its body works with, and beside it
 * what is needed to call it in a process of its own: a spawn that takes the parameters and a join
 * that gives the result. Packing and unpacking is written by the macro.
 *
 *     PROCSPAWN_DEFINE(add, int64, (int64, a), (int64, b))
 *     {
 *         return a + b;
 *     }
 *
 *     procspawn_handle *handle;
 *     int64_t sum;
 *
 *     add_spawn(1, 2, &handle);
 *     add_join(handle, &sum, &error);
 *     procspawn_handle_free(handle);
 *
 * The first two arguments are the function's name and the type of its result, then come 0 to 8
 * parameters, each a type and a name. PROCSPAWN_DEFINE_STATIC is for a function that only its own
 * file uses; PROCSPAWN_DECLARE, with the same arguments and a semicolon, is for headers.
 *
 * What is defined, with F for the function, R for its result and P for its parameters
 *
 *     R F(P...)                                    the function itself, to be called here as well
 *     int F_spawn(P..., procspawn_handle **ret_handle)
 *     int F_builder_spawn(procspawn_builder *builder, P..., procspawn_handle **ret_handle)
 *     int F_pool_spawn(procspawn_pool *pool, P..., procspawn_handle **ret_handle)
 *     int F_join(procspawn_handle *handle, R *ret_result, procspawn_error **ret_error)
 *     int F_join_timeout(procspawn_handle *handle, int64_t timeout, R *ret_result,
 *                        procspawn_error **ret_error)
 *
 * They return what procspawn(), procspawn_builder_spawn(), procspawn_pool_spawn(), procspawn_join()
 * and procspawn_join_timeout() do, and:
 *
 *   PROCSPAWN_ERANGE     F_spawn: an integer is out of its parameter's range
 *   PROCSPAWN_EJSON      F_spawn: a number that is not finite, a string that is not UTF-8, or a
 *                        user's type that its pack function refused
 *   PROCSPAWN_ECALL      F_join: also when the result is not of its type, which is kind JSON
 *
 * ret_result and ret_error may be NULL; with result type void there is no ret_result.
 *
 * Types
 *
 *     int8 int16 int32 int64          int8_t and so on
 *     uint8 uint16 uint32 uint64      uint8_t and so on
 *     int unsigned long
 *     size                            size_t
 *     float double bool
 *     string                          const char *, in results char *
 *     json                            json_t *
 *     shmem                           procspawn_shmem *
 *     fd                              int
 *     sender receiver                 procspawn_sender *, procspawn_receiver *
 *     void                            for results only
 *
 * A string, json, shmem, sender or receiver may be NULL and an fd -1, which arrive as that.
 *
 * Each integer but uint64 and size is an int64_t in the parameters of F_spawn, so that a number out
 * of range can be refused. Other conversions are those of C.
 *
 * An unknown type, and more than eight parameters, are a compile error of one line:
 *
 *     error: static assertion failed: "PROCSPAWN_DEFINE(half): unknown type: flaot"
 *     error: static assertion failed: "PROCSPAWN_DEFINE(sum): more than 8 parameters"
 *
 * An argument that does not convert to its parameter is an error, too. For that this header makes
 * errors of two warnings that older C compilers give.
 *
 * Ownership
 *
 * - F_spawn borrows its arguments; descriptors are duplicated (value.h).
 * - In the function parameters are borrowed: they last until it returns. What is to last longer is
 *   copied: strdup, json_incref, procspawn_shmem_ref, dup, procspawn_sender_dup.
 * - What the function returns is taken: a string from malloc, a new reference, an open descriptor.
 * - What F_join gives is the caller's: free, json_decref, procspawn_shmem_unref, close,
 *   procspawn_sender_free, procspawn_receiver_free. Placeholders inside a json result live with the
 *   handle.
 *
 * Types of the user's
 *
 *     #define PROCSPAWN_WORD_point PROCSPAWN_USER
 *     PROCSPAWN_TYPE(point, struct point, pack_point, unpack_point);
 *
 * make point a type, for a struct point. Both lines are needed: by the first one the preprocessor
 * knows the word. With
 *
 *     json_t *pack_point(const struct point *value);                   new; NULL: refused
 *     int unpack_point(const json_t *json, struct point *ret_value);   0; negative: it is none
 *
 * PROCSPAWN_TYPE_OWNED has a fifth argument, void release_point(struct point *value), for types
 * that hold something: it is called for parameters when the function has returned, and for its
 * result when that has been packed.
 *
 * All this: Safe, Cancel and Source as for the functions of procspawn.h that are called.
 */
#ifndef FORKSCOPE_TYPED_H
#define FORKSCOPE_TYPED_H

#include <forkscope/channel.h>
#include <forkscope/procspawn.h>
#include <forkscope/shmem.h>
#include <forkscope/typed_macros.h>
#include <forkscope/typed_words.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * True while a pack or unpack function of a user's type runs for a call, in the thread that it runs
 * in; false everywhere else. So a type that is also written to files can choose a cheaper form,
 * such as a path or a placeholder, where it only goes to another process.
 *
 * Safe:   any thread, any process.
 * Cancel: no cancellation point.
 * Source: procspawn 1.0.1, serde::in_ipc_mode.
 */
bool procspawn_in_ipc_mode(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
