/*
 * typed.h - functions with plain C parameters, callable in other processes
 *
 * PROCSPAWN_DEFINE defines a function with the types that its body works with, and beside it
 * functions that call it in another process. These take the same parameters and give the same
 * result; the macro writes the packing and unpacking.
 *
 *     PROCSPAWN_DEFINE(add, int64, (int64, a), (int64, b))
 *     {
 *         return a + b;
 *     }
 *
 *     int64_t sum;
 *     procspawn_error *error;
 *
 *     if (add_call(1, 2, &sum, &error) < 0)
 *         report(procspawn_error_message(error));
 *
 * The first two arguments are the function's name and the type of its result, then come 0 to 8
 * parameters, each a type and a name. PROCSPAWN_DEFINE_STATIC is for a function that only its own
 * file uses; PROCSPAWN_DECLARE, with the same arguments and a semicolon, is for headers.
 *
 * What is defined. F stands for the function, R for its result and P for its parameters:
 *
 *     R F(P...)                                    the function itself, to be called here as well
 *
 * A whole call, as by procspawn_call(), procspawn_pool_call() and procspawn_call_with() (call.h):
 *
 *     int F_call(P..., R *ret_result, procspawn_error **ret_error)
 *     int F_pool_call(procspawn_pool *pool, P..., R *ret_result,
 *                     procspawn_error **ret_error)
 *     int F_call_with(const struct procspawn_call_options *options, P...,
 *                     R *ret_result, procspawn_error **ret_error)
 *
 * The start of a call, as by procspawn(), procspawn_builder_spawn() (a builder of NULL changes
 * nothing, as there), procspawn_pool_spawn(), procspawn_start() and procspawn_set_start()
 * (completion.h):
 *
 *     int F_spawn(P..., procspawn_handle **ret_handle)
 *     int F_builder_spawn(procspawn_builder *builder, P...,
 *                         procspawn_handle **ret_handle)
 *     int F_pool_spawn(procspawn_pool *pool, P...,
 *                      procspawn_handle **ret_handle)
 *     int F_start(const struct procspawn_call_options *options, P...,
 *                 procspawn_handle **ret_handle)
 *     int F_set_start(procspawn_set *set,
 *                     const struct procspawn_call_options *options,
 *                     P..., void *tag)
 *
 * Its end, as by procspawn_join() and procspawn_join_timeout(); F_result is for a result that
 * procspawn_finish() or procspawn_set_next() has filled:
 *
 *     int F_join(procspawn_handle *handle, R *ret_result,
 *                procspawn_error **ret_error)
 *     int F_join_timeout(procspawn_handle *handle, int64_t timeout,
 *                        R *ret_result, procspawn_error **ret_error)
 *     int F_result(struct procspawn_result *result, R *ret_result)
 *
 * Many calls, if there is one parameter, of type P, as by procspawn_map() (map.h):
 *
 *     int F_map(const struct procspawn_map_options *options,
 *               const P *items, size_t count, R *ret_results,
 *               procspawn_error **ret_error)
 *
 * They return what these functions return, F_result the status of the result, and:
 *
 *   PROCSPAWN_ERANGE     a call or a start: an integer is out of its parameter's range
 *   PROCSPAWN_EJSON      a call or a start: a number that is not finite, a string that is not
 *                        UTF-8, or a user's type that its pack function refused
 *   PROCSPAWN_ECALL      an end: also when the result is not of its type, which is kind JSON;
 *                        F_result then puts the error into the place of the value
 *
 * The error of a call whose arguments are refused names the parameter: "add: parameter b: 300 does
 * not fit into int8". ret_result and ret_error may be NULL; with result type void there is no
 * ret_result. take_argument in the options means nothing here.
 *
 * F_map calls F for each of the `count` items and puts the result of items[i] into ret_results[i].
 * P is the type that F takes, R the one that it returns. ret_results may be NULL; it is not changed
 * when the map fails. procspawn_error_index() tells the item that failed, that was refused as an
 * argument, or whose result is not of its type. `unordered` in the options means nothing here.
 * F_map is not defined when P or R is a shmem, fd, sender or receiver: each item would hold a
 * descriptor, and a process has a limited number of them.
 *
 * Types
 *
 *   int8 int16 int32 int64      int8_t and so on
 *   uint8 uint16 uint32 uint64  uint8_t and so on
 *   int unsigned long           the same
 *   size                        size_t
 *   float double bool           the same
 *   string                      const char *, in results char *
 *   bytes                       struct procspawn_bytes: data, size
 *   int64s doubles              struct procspawn_int64s, procspawn_doubles: data, count
 *   json                        json_t *
 *   shmem                       procspawn_shmem *
 *   fd                          int
 *   sender receiver             procspawn_sender *, procspawn_receiver *
 *   void                        for results only
 *
 * A string, json, shmem, sender or receiver may be NULL and an fd -1, which arrive as that. The
 * data of bytes, int64s and doubles is a pointer to const items. They travel as they are (bytes.h),
 * so that a number that is not finite is no error there. data may be NULL when there are no items,
 * and is never NULL where it arrives. A function that makes an array fills it by a pointer of its
 * own, and returns that in data.
 *
 * Each integer but uint64 and size is an int64_t in the parameters of calls, so that a number out
 * of range can be refused. The items of F_map have the type itself. Other conversions are those of
 * C.
 *
 * An unknown type, and more than eight parameters, are a compile error, whose first line says so;
 * of gcc:
 *
 *     error: static assertion failed: "PROCSPAWN_DEFINE(half): unknown type: flaot"
 *     error: static assertion failed: "PROCSPAWN_DEFINE(sum): more than 8 parameters"
 *
 * An argument that does not convert to its parameter is an error, too. For that this header makes
 * errors of two warnings that older C compilers give.
 *
 * Ownership
 *
 * - Calls borrow their arguments; descriptors are duplicated (value.h).
 * - In the function parameters are borrowed: they last until it returns. What is to last longer is
 *   copied: strdup, json_incref, procspawn_shmem_ref, dup, procspawn_sender_dup.
 * - What the function returns is taken: a string or an array from malloc, a new reference, an open
 *   descriptor.
 * - The result is the caller's: free (the string, and the data of an array, which needs a cast, as
 *   in free((void *)squares.data)), json_decref, procspawn_shmem_unref, close,
 *   procspawn_sender_free, procspawn_receiver_free.
 * - Placeholders inside a json result live with the handle, or with the structure that
 *   procspawn_finish() has filled. F_call and its like, and F_map, close them.
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
 * Safe:    as for the functions of procspawn.h that are called.
 * Cancel:  as for the functions of procspawn.h that are called.
 * Fork:    as for the functions of procspawn.h that are called.
 * Defines: PROCSPAWN_DEFINE, PROCSPAWN_DEFINE_STATIC, PROCSPAWN_DECLARE, PROCSPAWN_TYPE,
 *          PROCSPAWN_TYPE_OWNED, PROCSPAWN_USER, procspawn_bytes, procspawn_int64s,
 *          procspawn_doubles
 */
#ifndef FORKSCOPE_TYPED_H
#define FORKSCOPE_TYPED_H

#include <forkscope/call.h>
#include <forkscope/channel.h>
#include <forkscope/map.h>
#include <forkscope/procspawn.h>
#include <forkscope/shmem.h>
#include <forkscope/typed_macros.h>
#include <forkscope/typed_words.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Whether a pack or unpack function of a user's type runs for a call. True in the thread that it
 * runs in, as long as it runs; false everywhere else. So a type that is also written to files can
 * choose a cheaper form, such as a path or a placeholder, where it only goes to another process.
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
