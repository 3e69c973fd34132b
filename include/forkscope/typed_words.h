/*
 * typed_words.h - the types of typed.h: for each word its C types, its packing and unpacking
 *
 * Not to be included by itself, and nothing in it is to be used by itself. A word W has
 *
 *     procspawn__in_W                  what F_spawn takes
 *     procspawn__param_W               what the function takes
 *     procspawn__result_W              what the function returns and F_join gives
 *     procspawn__pack_W(in, &json)                 borrows
 *     procspawn__unpack_W(json, &param)            the parameter may point into json
 *     procspawn__release_W(&param)                 after the function has returned
 *     procspawn__pack_result_W(result, &json)      takes
 *     procspawn__unpack_result_W(json, &result)    the result stands by itself
 *     procspawn__release_result_W(&result)         if it is not wanted
 */
#ifndef FORKSCOPE_TYPED_WORDS_H
#define FORKSCOPE_TYPED_WORDS_H

/* As in typed_macros.h. */
#pragma GCC system_header

#include <float.h>
#include <forkscope/channel.h>
#include <forkscope/shmem.h>
#include <forkscope/typed_check.h>
#include <forkscope/value.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* All return 0, PROCSPAWN_ERANGE, PROCSPAWN_EVALUE, PROCSPAWN_EJSON or -ENOMEM. With
 * PROCSPAWN_ERANGE *ret_json is the number that was refused (new; NULL: out of memory). */
int procspawn__pack_integer(int64_t value, int64_t least, int64_t most, json_t **ret_json);
int procspawn__unpack_integer(const json_t *json, int64_t least, int64_t most, int64_t *ret_value);
int procspawn__pack_uint64(uint64_t value, json_t **ret_json);
int procspawn__unpack_uint64(const json_t *json, uint64_t *ret_value);
int procspawn__pack_double(double value, json_t **ret_json);
int procspawn__unpack_double(const json_t *json, double *ret_value);
int procspawn__pack_bool(bool value, json_t **ret_json);
int procspawn__unpack_bool(const json_t *json, bool *ret_value);
int procspawn__pack_string(const char *value, json_t **ret_json);
int procspawn__unpack_string(const json_t *json, const char **ret_value);
int procspawn__pack_result_string(char *value, json_t **ret_json);
int procspawn__unpack_result_string(const json_t *json, char **ret_value);
void procspawn__release_result_string(char **value);
int procspawn__pack_json(json_t *value, json_t **ret_json);
int procspawn__unpack_json(json_t *json, json_t **ret_value);
int procspawn__pack_result_json(json_t *value, json_t **ret_json);
int procspawn__unpack_result_json(json_t *json, json_t **ret_value);
void procspawn__release_result_json(json_t **value);
int procspawn__pack_shmem(procspawn_shmem *value, json_t **ret_json);
int procspawn__unpack_shmem(const json_t *json, procspawn_shmem **ret_value);
int procspawn__pack_result_shmem(procspawn_shmem *value, json_t **ret_json);
void procspawn__release_shmem(procspawn_shmem **value);
int procspawn__pack_fd(int value, json_t **ret_json);
int procspawn__unpack_fd(const json_t *json, int *ret_value);
int procspawn__pack_result_fd(int value, json_t **ret_json);
void procspawn__release_fd(int *value);
int procspawn__pack_sender(procspawn_sender *value, json_t **ret_json);
int procspawn__unpack_sender(const json_t *json, procspawn_sender **ret_value);
int procspawn__pack_result_sender(procspawn_sender *value, json_t **ret_json);
void procspawn__release_sender(procspawn_sender **value);
int procspawn__pack_receiver(procspawn_receiver *value, json_t **ret_json);
int procspawn__unpack_receiver(const json_t *json, procspawn_receiver **ret_value);
int procspawn__pack_result_receiver(procspawn_receiver *value, json_t **ret_json);
void procspawn__release_receiver(procspawn_receiver **value);

/* Items of `size` bytes each. Borrowed; into json; taken; a copy. */
int procspawn__pack_array(const void *data, size_t count, size_t size, json_t **ret_json);
const void *procspawn__unpack_array(const json_t *json, size_t size, size_t *ret_count);
int procspawn__pack_result_array(const void *data, size_t count, size_t size, json_t **ret_json);
int procspawn__unpack_result_array(const json_t *json, size_t size, const void **ret_data,
                                   size_t *ret_count);
void procspawn__release_result_array(const void *data);

/* Switches in_ipc_mode; returns what it was. */
bool procspawn__ipc_mode(bool on);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#define PROCSPAWN__INLINE static inline __attribute__((unused))

#ifdef __cplusplus
#define PROCSPAWN__ZERO {}
#else
#define PROCSPAWN__ZERO { 0 }
#endif

/* A type that is the same everywhere, and owns nothing. */
#define PROCSPAWN__PLAIN_WORD(word, type, in) \
    typedef in procspawn__in_##word; \
    typedef type procspawn__param_##word; \
    typedef type procspawn__result_##word; \
    PROCSPAWN__INLINE int procspawn__pack_result_##word(type value, json_t **ret_json) \
    { \
        return procspawn__pack_##word(value, ret_json); \
    } \
    PROCSPAWN__INLINE int procspawn__unpack_result_##word(const json_t *json, type *ret_value) \
    { \
        return procspawn__unpack_##word(json, ret_value); \
    } \
    PROCSPAWN__INLINE void procspawn__release_##word(type *value) \
    { \
        (void)value; \
    } \
    PROCSPAWN__INLINE void procspawn__release_result_##word(type *value) \
    { \
        (void)value; \
    }

#define PROCSPAWN__INTEGER_WORD(word, type, least, most) \
    PROCSPAWN__INLINE int procspawn__pack_##word(int64_t value, json_t **ret_json) \
    { \
        return procspawn__pack_integer(value, least, most, ret_json); \
    } \
    PROCSPAWN__INLINE int procspawn__unpack_##word(const json_t *json, type *ret_value) \
    { \
        int64_t value; \
        int rc = procspawn__unpack_integer(json, least, most, &value); \
        if (rc == 0) \
            *ret_value = (type)value; \
        return rc; \
    } \
    PROCSPAWN__PLAIN_WORD(word, type, int64_t)

/* A type whose values are handed over: the holder releases them. */
#define PROCSPAWN__OWNED_WORD(word, type) \
    typedef type procspawn__in_##word; \
    typedef type procspawn__param_##word; \
    typedef type procspawn__result_##word; \
    PROCSPAWN__INLINE int procspawn__unpack_result_##word(const json_t *json, type *ret_value) \
    { \
        return procspawn__unpack_##word(json, ret_value); \
    } \
    PROCSPAWN__INLINE void procspawn__release_result_##word(type *value) \
    { \
        procspawn__release_##word(value); \
    }

PROCSPAWN__INTEGER_WORD(int8, int8_t, INT8_MIN, INT8_MAX)
PROCSPAWN__INTEGER_WORD(int16, int16_t, INT16_MIN, INT16_MAX)
PROCSPAWN__INTEGER_WORD(int32, int32_t, INT32_MIN, INT32_MAX)
PROCSPAWN__INTEGER_WORD(int64, int64_t, INT64_MIN, INT64_MAX)
PROCSPAWN__INTEGER_WORD(uint8, uint8_t, 0, UINT8_MAX)
PROCSPAWN__INTEGER_WORD(uint16, uint16_t, 0, UINT16_MAX)
PROCSPAWN__INTEGER_WORD(uint32, uint32_t, 0, UINT32_MAX)
PROCSPAWN__INTEGER_WORD(int, int, INT_MIN, INT_MAX)
PROCSPAWN__INTEGER_WORD(unsigned, unsigned, 0, UINT_MAX)
PROCSPAWN__INTEGER_WORD(long, long, LONG_MIN, LONG_MAX)
PROCSPAWN__PLAIN_WORD(uint64, uint64_t, uint64_t)
PROCSPAWN__PLAIN_WORD(double, double, double)
PROCSPAWN__PLAIN_WORD(bool, bool, bool)

/* Sizes above INT64_MAX travel as uint64 does. */
static inline int procspawn__pack_size(size_t value, json_t **ret_json)
{
    return procspawn__pack_uint64(value, ret_json);
}

static inline int procspawn__unpack_size(const json_t *json, size_t *ret_value)
{
    uint64_t value;
    int rc = procspawn__unpack_uint64(json, &value);

    if (rc < 0 || value > SIZE_MAX)
        return PROCSPAWN_EVALUE;
    *ret_value = (size_t)value;
    return 0;
}

static inline int procspawn__pack_float(float value, json_t **ret_json)
{
    return procspawn__pack_double((double)value, ret_json);
}

static inline int procspawn__unpack_float(const json_t *json, float *ret_value)
{
    double value;
    int rc = procspawn__unpack_double(json, &value);

    if (rc < 0 || value < -(double)FLT_MAX || value > (double)FLT_MAX)
        return PROCSPAWN_EVALUE;
    *ret_value = (float)value;
    return 0;
}

PROCSPAWN__PLAIN_WORD(size, size_t, size_t)
PROCSPAWN__PLAIN_WORD(float, float, float)
PROCSPAWN__OWNED_WORD(shmem, procspawn_shmem *)
PROCSPAWN__OWNED_WORD(fd, int)
PROCSPAWN__OWNED_WORD(sender, procspawn_sender *)
PROCSPAWN__OWNED_WORD(receiver, procspawn_receiver *)

/* Data and a number of items; what travels is the memory. */
#define PROCSPAWN__ARRAY_WORD(word, item, number) \
    struct procspawn_##word { \
        const item *data; \
        size_t number; \
    }; \
    typedef struct procspawn_##word procspawn__in_##word; \
    typedef struct procspawn_##word procspawn__param_##word; \
    typedef struct procspawn_##word procspawn__result_##word; \
    PROCSPAWN__INLINE int procspawn__pack_##word(struct procspawn_##word value, json_t **ret_json) \
    { \
        return procspawn__pack_array(value.data, value.number, sizeof *value.data, ret_json); \
    } \
    PROCSPAWN__INLINE int procspawn__unpack_##word(const json_t *json, \
                                                   struct procspawn_##word *ret_value) \
    { \
        ret_value->data = (const item *)procspawn__unpack_array(json, sizeof *ret_value->data, \
                                                                &ret_value->number); \
        return ret_value->data ? 0 : PROCSPAWN_EVALUE; \
    } \
    PROCSPAWN__INLINE void procspawn__release_##word(struct procspawn_##word *value) \
    { \
        (void)value; \
    } \
    PROCSPAWN__INLINE int procspawn__pack_result_##word(struct procspawn_##word value, \
                                                        json_t **ret_json) \
    { \
        return procspawn__pack_result_array(value.data, value.number, sizeof *value.data, \
                                            ret_json); \
    } \
    PROCSPAWN__INLINE int procspawn__unpack_result_##word(const json_t *json, \
                                                          struct procspawn_##word *ret_value) \
    { \
        const void *data; \
        int rc = procspawn__unpack_result_array(json, sizeof *ret_value->data, &data, \
                                                &ret_value->number); \
        if (rc == 0) \
            ret_value->data = (const item *)data; \
        return rc; \
    } \
    PROCSPAWN__INLINE void procspawn__release_result_##word(struct procspawn_##word *value) \
    { \
        procspawn__release_result_array(value->data); \
    }

PROCSPAWN__ARRAY_WORD(bytes, unsigned char, size)
PROCSPAWN__ARRAY_WORD(int64s, int64_t, count)
PROCSPAWN__ARRAY_WORD(doubles, double, count)

typedef const char *procspawn__in_string;
typedef const char *procspawn__param_string;
typedef char *procspawn__result_string;
typedef json_t *procspawn__in_json;
typedef json_t *procspawn__param_json;
typedef json_t *procspawn__result_json;
typedef void procspawn__result_void;

static inline void procspawn__release_string(const char **value)
{
    (void)value;
}

static inline void procspawn__release_json(json_t **value)
{
    (void)value;
}

/* What a type is released with that holds nothing. */
static inline void procspawn__keep(const void *value)
{
    (void)value;
}

#define PROCSPAWN_TYPE(word, type, pack, unpack) \
    PROCSPAWN__USER_TYPE(word, type, pack, unpack, procspawn__keep)
#define PROCSPAWN_TYPE_OWNED(word, type, pack, unpack, release) \
    PROCSPAWN__USER_TYPE(word, type, pack, unpack, release)

/* Ends in a declaration that a semicolon can follow. */
#define PROCSPAWN__USER_TYPE(word, type, pack, unpack, release) \
    PROCSPAWN__CAT(PROCSPAWN__CHECK_TYPE_, PROCSPAWN__IS_WORD(word))(word) \
    PROCSPAWN__INLINE int procspawn__pack_##word(type value, json_t **ret_json) \
    { \
        bool before = procspawn__ipc_mode(true); \
        json_t *json = pack(&value); \
        procspawn__ipc_mode(before); \
        if (json) \
            *ret_json = json; \
        return json ? 0 : PROCSPAWN_EJSON; \
    } \
    PROCSPAWN__INLINE int procspawn__unpack_##word(const json_t *json, type *ret_value) \
    { \
        bool before = procspawn__ipc_mode(true); \
        int rc = unpack(json, ret_value); \
        procspawn__ipc_mode(before); \
        return rc < 0 ? PROCSPAWN_EVALUE : 0; \
    } \
    PROCSPAWN__INLINE void procspawn__release_##word(type *value) \
    { \
        release(value); \
    } \
    PROCSPAWN__INLINE int procspawn__pack_result_##word(type value, json_t **ret_json) \
    { \
        int rc = procspawn__pack_##word(value, ret_json); \
        release(&value); \
        return rc; \
    } \
    PROCSPAWN__OWNED_WORD(word, type) \
    struct procspawn__type_##word

/* In C, bool is a macro that is gone by the time it is pasted. */
#ifdef bool
#define procspawn__in__Bool procspawn__in_bool
#define procspawn__param__Bool procspawn__param_bool
#define procspawn__result__Bool procspawn__result_bool
#define procspawn__pack__Bool procspawn__pack_bool
#define procspawn__unpack__Bool procspawn__unpack_bool
#define procspawn__release__Bool procspawn__release_bool
#define procspawn__pack_result__Bool procspawn__pack_result_bool
#define procspawn__unpack_result__Bool procspawn__unpack_result_bool
#define procspawn__release_result__Bool procspawn__release_result_bool
#endif

/* A pointer for a number, or for another pointer: errors in C++, and in C compilers of today. */
#ifndef __cplusplus
#pragma GCC diagnostic error "-Wint-conversion"
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#endif

#endif
