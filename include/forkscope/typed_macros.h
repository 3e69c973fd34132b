/*
 * typed_macros.h - what PROCSPAWN_DEFINE and its like are made of
 *
 * Not to be included by itself, and nothing in it is to be used by itself. A parameter stands as a
 * pair (word, name) all the way down; a macro M is applied to it by writing M in front. All lists
 * have one element more than they need, so that none is ever empty.
 */
#ifndef FORKSCOPE_TYPED_MACROS_H
#define FORKSCOPE_TYPED_MACROS_H

/* Compilers then point to the program's line only, not to each macro on the way from there, and do
 * not warn of what the macros make. */
#pragma GCC system_header

#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <forkscope/map.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <forkscope/typed_check.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Arguments on their way into a JSON array. */
struct procspawn__packing {
    json_t *array;
    json_t *next;               /* the next one; or the number that is out of range */
    const char *name, *word;    /* of the argument that was packed last */
    int status;
};

/* Parameters on their way out of it. */
struct procspawn__unpacking {
    const json_t *array;
    size_t next, unpacked, released;
    bool called;                /* the status is the result's */
    int status;
};

void procspawn__pack_begin(struct procspawn__packing *packing);
void procspawn__pack_note(struct procspawn__packing *packing, int rc, const char *name,
                          const char *word);
/* Start a call with the arguments, or make it; all free them. procspawn__pack_call fills
 * *ret_result in any case. */
int procspawn__pack_start(struct procspawn__packing *packing,
                          const struct procspawn_call_options *options,
                          procspawn_function *entry, procspawn_handle **ret_handle);
int procspawn__pack_set_start(struct procspawn__packing *packing, procspawn_set *set,
                              const struct procspawn_call_options *options,
                              procspawn_function *entry, void *tag);
void procspawn__pack_call(struct procspawn__packing *packing, const char *function,
                          const struct procspawn_call_options *options, procspawn_function *entry,
                          struct procspawn_result *ret_result);
/* Hands out the error, if there is one, and empties the result. Returns its status. */
int procspawn__call_end(struct procspawn_result *result, procspawn_error **ret_error);

/* The pool for the options of a call. For NULL, which means no pool there, it is one that the call
 * refuses. */
procspawn_pool *procspawn__given_pool(procspawn_pool *pool);

void procspawn__unpack_begin(struct procspawn__unpacking *unpacking, const json_t *array,
                             size_t count);
json_t *procspawn__unpack_next(struct procspawn__unpacking *unpacking);
void procspawn__unpack_note(struct procspawn__unpacking *unpacking, int rc);
bool procspawn__unpack_release(struct procspawn__unpacking *unpacking);
/* What the function in the child returns: the packed result, or NULL and a reason told. */
json_t *procspawn__unpack_return(const struct procspawn__unpacking *unpacking, const char *function,
                                 json_t *packed);

/* Many calls of a function with one parameter. */
struct procspawn__mapping {
    const char *function;
    procspawn_function *entry;
    const void *items;
    size_t count;
    void (*pack)(const void *items, size_t index, struct procspawn__packing *packing);
    /* NULL, NULL and 0: the result is void. */
    int (*unpack)(json_t *json, void *ret_result);
    void (*release)(void *result);
    size_t size;                /* of a result */
    void *ret_results;          /* NULL: they are not wanted */
};

int procspawn__map_items(const struct procspawn__mapping *mapping,
                         const struct procspawn_map_options *options, procspawn_error **ret_error);

/* The result was not of its type. False when out of memory. */
bool procspawn__unpack_refuse(const char *function, int rc, procspawn_error **ret_error);
void procspawn__result_refuse(struct procspawn_result *result, const char *function, int rc);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

/* ---- repeating ---- */

#define PROCSPAWN__EACH_0(m, ...)
#define PROCSPAWN__EACH_1(m, a, ...) m a
#define PROCSPAWN__EACH_2(m, a, ...) m a PROCSPAWN__EACH_1(m, __VA_ARGS__)
#define PROCSPAWN__EACH_3(m, a, ...) m a PROCSPAWN__EACH_2(m, __VA_ARGS__)
#define PROCSPAWN__EACH_4(m, a, ...) m a PROCSPAWN__EACH_3(m, __VA_ARGS__)
#define PROCSPAWN__EACH_5(m, a, ...) m a PROCSPAWN__EACH_4(m, __VA_ARGS__)
#define PROCSPAWN__EACH_6(m, a, ...) m a PROCSPAWN__EACH_5(m, __VA_ARGS__)
#define PROCSPAWN__EACH_7(m, a, ...) m a PROCSPAWN__EACH_6(m, __VA_ARGS__)
#define PROCSPAWN__EACH_8(m, a, ...) m a PROCSPAWN__EACH_7(m, __VA_ARGS__)

/* With commas between; `none` if there are none. */
#define PROCSPAWN__LIST_0(none, m, ...) none
#define PROCSPAWN__LIST_1(none, m, a, ...) m a
#define PROCSPAWN__LIST_2(none, m, a, ...) m a, PROCSPAWN__LIST_1(none, m, __VA_ARGS__)
#define PROCSPAWN__LIST_3(none, m, a, ...) m a, PROCSPAWN__LIST_2(none, m, __VA_ARGS__)
#define PROCSPAWN__LIST_4(none, m, a, ...) m a, PROCSPAWN__LIST_3(none, m, __VA_ARGS__)
#define PROCSPAWN__LIST_5(none, m, a, ...) m a, PROCSPAWN__LIST_4(none, m, __VA_ARGS__)
#define PROCSPAWN__LIST_6(none, m, a, ...) m a, PROCSPAWN__LIST_5(none, m, __VA_ARGS__)
#define PROCSPAWN__LIST_7(none, m, a, ...) m a, PROCSPAWN__LIST_6(none, m, __VA_ARGS__)
#define PROCSPAWN__LIST_8(none, m, a, ...) m a, PROCSPAWN__LIST_7(none, m, __VA_ARGS__)

/* ---- what is done for each parameter ---- */

#define PROCSPAWN__NAME(word, name) name
#define PROCSPAWN__ARG(word, name) name,
#define PROCSPAWN__PARAM(word, name) procspawn__param_##word name
#define PROCSPAWN__IN(word, name) procspawn__in_##word name,
#define PROCSPAWN__VARIABLE(word, name) procspawn__param_##word name = PROCSPAWN__ZERO;

#define PROCSPAWN__PACK(word, name) \
    if (procspawn__packing.status == 0) \
        procspawn__pack_note(&procspawn__packing, \
                             procspawn__pack_##word(name, &procspawn__packing.next), #name, #word);

#define PROCSPAWN__UNPACK(word, name) \
    if (procspawn__unpacking.status == 0) \
        procspawn__unpack_note(&procspawn__unpacking, \
            procspawn__unpack_##word(procspawn__unpack_next(&procspawn__unpacking), &name));

#define PROCSPAWN__RELEASE(word, name) \
    if (procspawn__unpack_release(&procspawn__unpacking)) \
        procspawn__release_##word(&name);

/* ---- what depends on whether there is a result: X_1 is for void ---- */

#define PROCSPAWN__RET(word) PROCSPAWN__CAT(PROCSPAWN__RET_, PROCSPAWN__IS_VOID(word))(word)
#define PROCSPAWN__RET_0(word) procspawn__result_##word *procspawn__ret_result,
#define PROCSPAWN__RET_1(word)

#define PROCSPAWN__LAST(word) PROCSPAWN__CAT(PROCSPAWN__LAST_, PROCSPAWN__IS_VOID(word))(word)
#define PROCSPAWN__LAST_0(word) , procspawn__result_##word *procspawn__ret_result
#define PROCSPAWN__LAST_1(word)

#define PROCSPAWN__LAST_ARG(word) PROCSPAWN__CAT(PROCSPAWN__LAST_ARG_, PROCSPAWN__IS_VOID(word))
#define PROCSPAWN__LAST_ARG_0 , procspawn__ret_result
#define PROCSPAWN__LAST_ARG_1

#define PROCSPAWN__RET_ARG(word) PROCSPAWN__CAT(PROCSPAWN__RET_ARG_, PROCSPAWN__IS_VOID(word))
#define PROCSPAWN__RET_ARG_0 procspawn__ret_result,
#define PROCSPAWN__RET_ARG_1

#define PROCSPAWN__CALL(word, call) \
    PROCSPAWN__CAT(PROCSPAWN__CALL_, PROCSPAWN__IS_VOID(word))(word, call)
#define PROCSPAWN__CALL_0(word, call) \
    procspawn__unpacking.status = procspawn__pack_result_##word(call, &procspawn__packed); \
    procspawn__unpacking.called = true;
#define PROCSPAWN__CALL_1(word, call) \
    call; \
    procspawn__packed = json_null();

#define PROCSPAWN__GIVE(word, name) \
    PROCSPAWN__CAT(PROCSPAWN__GIVE_, PROCSPAWN__IS_VOID(word))(word, name)
#define PROCSPAWN__GIVE_0(word, name) \
    procspawn__result_##word procspawn__result = PROCSPAWN__ZERO; \
    procspawn__rc = procspawn__unpack_result_##word(procspawn__json, &procspawn__result); \
    json_decref(procspawn__json); \
    if (procspawn__rc < 0) \
        return procspawn__unpack_refuse(name, procspawn__rc, procspawn__ret_error) \
                   ? PROCSPAWN_ECALL : -ENOMEM; \
    if (procspawn__ret_result) \
        *procspawn__ret_result = procspawn__result; \
    else \
        procspawn__release_result_##word(&procspawn__result);
#define PROCSPAWN__GIVE_1(word, name) json_decref(procspawn__json);

/* The compiler sees that a status of 0 comes with a result: a caller who checks the status gets no
 * warning of a variable that may not be set. */
#define PROCSPAWN__TAKE_APART(word, name) \
    PROCSPAWN__CAT(PROCSPAWN__TAKE_APART_, PROCSPAWN__IS_VOID(word))(word, name)
#define PROCSPAWN__TAKE_APART_0(word, name) \
    procspawn__result_##word procspawn__result = PROCSPAWN__ZERO; \
    if (procspawn__from->status < 0) \
        return procspawn__from->status; \
    int procspawn__rc = procspawn__unpack_result_##word(procspawn__from->value, \
                                                        &procspawn__result); \
    if (procspawn__rc < 0) { \
        procspawn__result_refuse(procspawn__from, name, procspawn__rc); \
        return procspawn__from->status < 0 ? procspawn__from->status : PROCSPAWN_ECALL; \
    } \
    if (procspawn__ret_result) \
        *procspawn__ret_result = procspawn__result; \
    else \
        procspawn__release_result_##word(&procspawn__result);
#define PROCSPAWN__TAKE_APART_1(word, name)

#define PROCSPAWN__MAP_RESULT(word, name) \
    PROCSPAWN__CAT(PROCSPAWN__MAP_RESULT_, PROCSPAWN__IS_VOID(word))(word, name)
#define PROCSPAWN__MAP_RESULT_0(word, name) \
    static int procspawn__map_unpack_##name(json_t *procspawn__json, void *procspawn__ret_result) \
    { \
        return procspawn__unpack_result_##word( \
            procspawn__json, (procspawn__result_##word *)procspawn__ret_result); \
    } \
    \
    static void procspawn__map_release_##name(void *procspawn__result) \
    { \
        procspawn__release_result_##word((procspawn__result_##word *)procspawn__result); \
    }
#define PROCSPAWN__MAP_RESULT_1(word, name)

#define PROCSPAWN__MAP_TO(word, name) \
    PROCSPAWN__CAT(PROCSPAWN__MAP_TO_, PROCSPAWN__IS_VOID(word))(word, name)
#define PROCSPAWN__MAP_TO_0(word, name) \
    procspawn__mapping.unpack = procspawn__map_unpack_##name; \
    procspawn__mapping.release = procspawn__map_release_##name; \
    procspawn__mapping.size = sizeof(procspawn__result_##word); \
    procspawn__mapping.ret_results = procspawn__ret_result;
#define PROCSPAWN__MAP_TO_1(word, name)

/* ---- the map, for a function with one parameter, unless its values are descriptors ---- */

/* M(STORAGE, NAME, RESULT, WORD, PARAMETER), or nothing. */
#define PROCSPAWN__MAP_0(m, storage, name, result, ...)
#define PROCSPAWN__MAP_1(m, storage, name, result, a, ...) \
    PROCSPAWN__MAP_ONE(m, storage, name, result, PROCSPAWN__UNPAIRED a)
#define PROCSPAWN__MAP_2 PROCSPAWN__MAP_0
#define PROCSPAWN__MAP_3 PROCSPAWN__MAP_0
#define PROCSPAWN__MAP_4 PROCSPAWN__MAP_0
#define PROCSPAWN__MAP_5 PROCSPAWN__MAP_0
#define PROCSPAWN__MAP_6 PROCSPAWN__MAP_0
#define PROCSPAWN__MAP_7 PROCSPAWN__MAP_0
#define PROCSPAWN__MAP_8 PROCSPAWN__MAP_0
#define PROCSPAWN__UNPAIRED(word, name) word, name
#define PROCSPAWN__MAP_ONE(...) PROCSPAWN__MAP_ONE_(__VA_ARGS__)
#define PROCSPAWN__MAP_ONE_(m, storage, name, result, word, parameter) \
    PROCSPAWN__CAT(PROCSPAWN__MAP_IF_, \
                   PROCSPAWN__CAT(PROCSPAWN__IS_DESCRIPTOR(result), \
                                  PROCSPAWN__IS_DESCRIPTOR(word))) \
    (m, storage, name, result, word, parameter)
#define PROCSPAWN__MAP_IF_00(m, ...) m(__VA_ARGS__)
#define PROCSPAWN__MAP_IF_01(m, ...)
#define PROCSPAWN__MAP_IF_10(m, ...)
#define PROCSPAWN__MAP_IF_11(m, ...)

#define PROCSPAWN__IS_DESCRIPTOR(word) PROCSPAWN__SECOND(PROCSPAWN__DESCRIPTOR_##word, 0, ~)
#define PROCSPAWN__DESCRIPTOR_fd ~, 1
#define PROCSPAWN__DESCRIPTOR_shmem ~, 1
#define PROCSPAWN__DESCRIPTOR_sender ~, 1
#define PROCSPAWN__DESCRIPTOR_receiver ~, 1

#define PROCSPAWN__DECLARE_MAP(storage, name, result, word, parameter) \
    storage int name##_map(const struct procspawn_map_options *procspawn__options, \
                           const procspawn__param_##word *procspawn__items, \
                           size_t procspawn__count, PROCSPAWN__RET(result) \
                           procspawn_error **procspawn__ret_error);

#define PROCSPAWN__DEFINE_MAP(storage, name, result, word, parameter) \
    static void procspawn__map_pack_##name(const void *procspawn__items, size_t procspawn__index, \
                                           struct procspawn__packing *procspawn__packing) \
    { \
        const procspawn__param_##word *procspawn__item = \
            (const procspawn__param_##word *)procspawn__items + procspawn__index; \
        \
        procspawn__pack_note(procspawn__packing, \
                             procspawn__pack_##word(*procspawn__item, &procspawn__packing->next), \
                             #parameter, #word); \
    } \
    \
    PROCSPAWN__MAP_RESULT(result, name) \
    \
    storage int name##_map(const struct procspawn_map_options *procspawn__options, \
                           const procspawn__param_##word *procspawn__items, \
                           size_t procspawn__count, PROCSPAWN__RET(result) \
                           procspawn_error **procspawn__ret_error) \
    { \
        struct procspawn__mapping procspawn__mapping = PROCSPAWN__ZERO; \
        \
        procspawn__mapping.function = #name; \
        procspawn__mapping.entry = procspawn__entry_##name; \
        procspawn__mapping.items = procspawn__items; \
        procspawn__mapping.count = procspawn__count; \
        procspawn__mapping.pack = procspawn__map_pack_##name; \
        PROCSPAWN__MAP_TO(result, name) \
        return procspawn__map_items(&procspawn__mapping, procspawn__options, \
                                    procspawn__ret_error); \
    }

/* ---- the whole ---- */

#define PROCSPAWN__DECLARE(n, storage, name, result, ...) \
    storage procspawn__result_##result \
        name(PROCSPAWN__LIST_##n(void, PROCSPAWN__PARAM, __VA_ARGS__)); \
    storage int name##_spawn(PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                             procspawn_handle **procspawn__ret_handle); \
    storage int name##_builder_spawn(procspawn_builder *procspawn__builder, \
                                     PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                                     procspawn_handle **procspawn__ret_handle); \
    storage int name##_pool_spawn(procspawn_pool *procspawn__pool, \
                                  PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                                  procspawn_handle **procspawn__ret_handle); \
    storage int name##_start(const struct procspawn_call_options *procspawn__options, \
                             PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                             procspawn_handle **procspawn__ret_handle); \
    storage int name##_set_start(procspawn_set *procspawn__set, \
                                 const struct procspawn_call_options *procspawn__options, \
                                 PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                                 void *procspawn__tag); \
    storage int name##_call(PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                            PROCSPAWN__RET(result) procspawn_error **procspawn__ret_error); \
    storage int name##_pool_call(procspawn_pool *procspawn__pool, \
                                 PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                                 PROCSPAWN__RET(result) procspawn_error **procspawn__ret_error); \
    storage int name##_call_with(const struct procspawn_call_options *procspawn__options, \
                                 PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                                 PROCSPAWN__RET(result) procspawn_error **procspawn__ret_error); \
    storage int name##_result(struct procspawn_result *procspawn__from PROCSPAWN__LAST(result)); \
    PROCSPAWN__MAP_##n(PROCSPAWN__DECLARE_MAP, storage, name, result, __VA_ARGS__) \
    storage int name##_join(procspawn_handle *procspawn__handle, PROCSPAWN__RET(result) \
                            procspawn_error **procspawn__ret_error); \
    storage int name##_join_timeout(procspawn_handle *procspawn__handle, \
                                    int64_t procspawn__timeout, PROCSPAWN__RET(result) \
                                    procspawn_error **procspawn__ret_error)

/* Spawns by a builder or in a pool. A builder of NULL is none, a pool of NULL is refused. */
#define PROCSPAWN__GIVEN_builder(builder) builder
#define PROCSPAWN__GIVEN_pool(pool) procspawn__given_pool(pool)
#define PROCSPAWN__DEFINE_SPAWN(n, storage, name, by, ...) \
    storage int name##_##by##_spawn(procspawn_##by *procspawn__##by, \
                                    PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                                    procspawn_handle **procspawn__ret_handle) \
    { \
        struct procspawn_call_options procspawn__options = PROCSPAWN__ZERO; \
        \
        procspawn__options.by = PROCSPAWN__GIVEN_##by(procspawn__##by); \
        return name##_start(&procspawn__options, \
                            PROCSPAWN__EACH_##n(PROCSPAWN__ARG, __VA_ARGS__) \
                            procspawn__ret_handle); \
    }

/* Ends where the function's body begins. A function that were inlined into its entry would be
 * missing in backtraces. */
#define PROCSPAWN__DEFINE(n, storage, name, result, ...) \
    storage __attribute__((noinline)) procspawn__result_##result \
        name(PROCSPAWN__LIST_##n(void, PROCSPAWN__PARAM, __VA_ARGS__)); \
    PROCSPAWN__DECLARE(n, storage, name, result, __VA_ARGS__); \
    \
    static json_t *procspawn__entry_##name(json_t *procspawn__argument) \
    { \
        struct procspawn__unpacking procspawn__unpacking; \
        json_t *procspawn__packed = NULL; \
        PROCSPAWN__EACH_##n(PROCSPAWN__VARIABLE, __VA_ARGS__) \
        \
        procspawn__unpack_begin(&procspawn__unpacking, procspawn__argument, n); \
        PROCSPAWN__EACH_##n(PROCSPAWN__UNPACK, __VA_ARGS__) \
        if (procspawn__unpacking.status == 0) { \
            PROCSPAWN__CALL(result, name(PROCSPAWN__LIST_##n(, PROCSPAWN__NAME, __VA_ARGS__))) \
        } \
        PROCSPAWN__EACH_##n(PROCSPAWN__RELEASE, __VA_ARGS__) \
        return procspawn__unpack_return(&procspawn__unpacking, #name, procspawn__packed); \
    } \
    \
    storage int name##_start(const struct procspawn_call_options *procspawn__options, \
                             PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                             procspawn_handle **procspawn__ret_handle) \
    { \
        struct procspawn__packing procspawn__packing; \
        \
        procspawn__pack_begin(&procspawn__packing); \
        PROCSPAWN__EACH_##n(PROCSPAWN__PACK, __VA_ARGS__) \
        return procspawn__pack_start(&procspawn__packing, procspawn__options, \
                                     procspawn__entry_##name, procspawn__ret_handle); \
    } \
    \
    storage int name##_set_start(procspawn_set *procspawn__set, \
                                 const struct procspawn_call_options *procspawn__options, \
                                 PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                                 void *procspawn__tag) \
    { \
        struct procspawn__packing procspawn__packing; \
        \
        procspawn__pack_begin(&procspawn__packing); \
        PROCSPAWN__EACH_##n(PROCSPAWN__PACK, __VA_ARGS__) \
        return procspawn__pack_set_start(&procspawn__packing, procspawn__set, \
                                         procspawn__options, procspawn__entry_##name, \
                                         procspawn__tag); \
    } \
    \
    storage int name##_spawn(PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                             procspawn_handle **procspawn__ret_handle) \
    { \
        return name##_start(NULL, PROCSPAWN__EACH_##n(PROCSPAWN__ARG, __VA_ARGS__) \
                            procspawn__ret_handle); \
    } \
    \
    PROCSPAWN__DEFINE_SPAWN(n, storage, name, builder, __VA_ARGS__) \
    PROCSPAWN__DEFINE_SPAWN(n, storage, name, pool, __VA_ARGS__) \
    \
    storage int name##_result(struct procspawn_result *procspawn__from PROCSPAWN__LAST(result)) \
    { \
        PROCSPAWN__TAKE_APART(result, #name) \
        return procspawn__from->status; \
    } \
    \
    storage int name##_call_with(const struct procspawn_call_options *procspawn__options, \
                                 PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                                 PROCSPAWN__RET(result) procspawn_error **procspawn__ret_error) \
    { \
        struct procspawn__packing procspawn__packing; \
        struct procspawn_result procspawn__from; \
        \
        procspawn__pack_begin(&procspawn__packing); \
        PROCSPAWN__EACH_##n(PROCSPAWN__PACK, __VA_ARGS__) \
        procspawn__pack_call(&procspawn__packing, #name, procspawn__options, \
                             procspawn__entry_##name, &procspawn__from); \
        int procspawn__rc = name##_result(&procspawn__from PROCSPAWN__LAST_ARG(result)); \
        int procspawn__status = procspawn__call_end(&procspawn__from, procspawn__ret_error); \
        return procspawn__rc < 0 ? procspawn__rc : procspawn__status; \
    } \
    \
    storage int name##_call(PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                            PROCSPAWN__RET(result) procspawn_error **procspawn__ret_error) \
    { \
        return name##_call_with(NULL, PROCSPAWN__EACH_##n(PROCSPAWN__ARG, __VA_ARGS__) \
                                PROCSPAWN__RET_ARG(result) procspawn__ret_error); \
    } \
    \
    storage int name##_pool_call(procspawn_pool *procspawn__pool, \
                                 PROCSPAWN__EACH_##n(PROCSPAWN__IN, __VA_ARGS__) \
                                 PROCSPAWN__RET(result) procspawn_error **procspawn__ret_error) \
    { \
        struct procspawn_call_options procspawn__options = PROCSPAWN__ZERO; \
        \
        procspawn__options.pool = procspawn__given_pool(procspawn__pool); \
        return name##_call_with(&procspawn__options, \
                                PROCSPAWN__EACH_##n(PROCSPAWN__ARG, __VA_ARGS__) \
                                PROCSPAWN__RET_ARG(result) procspawn__ret_error); \
    } \
    \
    storage int name##_join_timeout(procspawn_handle *procspawn__handle, \
                                    int64_t procspawn__timeout, PROCSPAWN__RET(result) \
                                    procspawn_error **procspawn__ret_error) \
    { \
        json_t *procspawn__json; \
        int procspawn__rc = procspawn_join_timeout(procspawn__handle, procspawn__timeout, \
                                                   &procspawn__json, procspawn__ret_error); \
        \
        if (procspawn__rc < 0) \
            return procspawn__rc; \
        PROCSPAWN__GIVE(result, #name) \
        return 0; \
    } \
    \
    storage int name##_join(procspawn_handle *procspawn__handle, PROCSPAWN__RET(result) \
                            procspawn_error **procspawn__ret_error) \
    { \
        return name##_join_timeout(procspawn__handle, -1, PROCSPAWN__RET_ARG(result) \
                                   procspawn__ret_error); \
    } \
    \
    PROCSPAWN__MAP_##n(PROCSPAWN__DEFINE_MAP, storage, name, result, __VA_ARGS__) \
    \
    storage procspawn__result_##result \
        name(PROCSPAWN__LIST_##n(void, PROCSPAWN__PARAM, __VA_ARGS__))

/* The definitions, described in typed.h. */
#define PROCSPAWN_DECLARE(...) \
    PROCSPAWN__APPLY(PROCSPAWN__DECLARE, PROCSPAWN__ELSEWHERE, __VA_ARGS__)
#define PROCSPAWN_DEFINE(...) PROCSPAWN__APPLY(PROCSPAWN__DEFINE, PROCSPAWN__EXTERN, __VA_ARGS__)
#define PROCSPAWN_DEFINE_STATIC(...) \
    PROCSPAWN__APPLY(PROCSPAWN__DEFINE, PROCSPAWN__STATIC, __VA_ARGS__)

#endif
