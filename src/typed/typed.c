/*
 * typed.c - plain C values to JSON and back, for functions defined with typed.h
 */
#include "src/typed/typed.h"

#include "src/child/reply.h"
#include "src/error/error.h"
#include "src/pool/spawn.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <forkscope/typed.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread bool ipc_mode;

bool procspawn_in_ipc_mode(void)
{
    return ipc_mode;
}

bool procspawn__ipc_mode(bool on)
{
    bool before = ipc_mode;
    ipc_mode = on;
    return before;
}

/* ---- arguments ---- */

void procspawn__pack_begin(struct procspawn__packing *packing)
{
    *packing = (struct procspawn__packing){ .array = json_array() };
    packing->status = packing->array ? 0 : -ENOMEM;
}

void procspawn__pack_note(struct procspawn__packing *packing, int rc, const char *name,
                          const char *word)
{
    packing->name = name;
    packing->word = word;
    packing->status = rc;
    if (rc < 0)
        return;
    if (json_array_append_new(packing->array, packing->next) < 0)
        packing->status = -ENOMEM;
    packing->next = NULL;
}

static struct procspawn_call_options giving(const struct procspawn_call_options *options)
{
    struct procspawn_call_options giving = { 0 };

    if (options)
        giving = *options;
    giving.take_argument = true;
    return giving;
}

void procspawn__pack_drop(struct procspawn__packing *packing)
{
    json_decref(packing->array);
    json_decref(packing->next);
}

int procspawn__pack_start(struct procspawn__packing *packing,
                          const struct procspawn_call_options *options,
                          procspawn_function *entry, procspawn_handle **ret_handle)
{
    struct procspawn_call_options with = giving(options);

    if (packing->status == 0)
        return procspawn_start(&with, entry, packing->array, ret_handle);
    procspawn__pack_drop(packing);
    return packing->status;
}

int procspawn__pack_set_start(struct procspawn__packing *packing, procspawn_set *set,
                              const struct procspawn_call_options *options,
                              procspawn_function *entry, void *tag)
{
    struct procspawn_call_options with = giving(options);

    if (packing->status == 0)
        return procspawn_set_start(set, &with, entry, packing->array, tag);
    procspawn__pack_drop(packing);
    return packing->status;
}

procspawn_error *procspawn__error_of_argument(const struct procspawn__packing *packing,
                                              const char *function)
{
    int code = packing->status;
    const char *word = packing->word ? packing->word : "";
    bool is_number = strcmp(word, "double") == 0 || strcmp(word, "float") == 0;
    bool is_string = strcmp(word, "string") == 0;
    char text[128];

    if (code == -ENOMEM)
        return procspawn__error_of_code(code);
    if (code == PROCSPAWN_ERANGE && packing->next)
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT " does not fit into %s",
                 json_integer_value(packing->next), word);
    else if (code == PROCSPAWN_EJSON && is_number)
        snprintf(text, sizeof text, "the number is not finite");
    else if (code == PROCSPAWN_EJSON && is_string)
        snprintf(text, sizeof text, "the string is not UTF-8");
    else
        snprintf(text, sizeof text, "%s", forkscope_strerror(code));
    procspawn_error *error = procspawn__error_new(PROCSPAWN_ERROR_SETUP,
                                                  procspawn__error_number(code),
                                                  "%s: parameter %s: %s", function,
                                                  packing->name, text);
    if (!error)
        return procspawn__error_of_code(-ENOMEM);
    error->code = code;
    return error;
}

void procspawn__pack_call(struct procspawn__packing *packing, const char *function,
                          const struct procspawn_call_options *options, procspawn_function *entry,
                          struct procspawn_result *ret_result)
{
    struct procspawn_call_options with = giving(options);

    if (packing->status == 0) {
        procspawn_call_with(&with, entry, packing->array, ret_result);
        return;
    }
    *ret_result = (struct procspawn_result){
        .error = procspawn__error_of_argument(packing, function),
    };
    ret_result->status = procspawn_error_code(ret_result->error);
    procspawn__pack_drop(packing);
}

int procspawn__call_end(struct procspawn_result *result, procspawn_error **ret_error)
{
    int status = result->status;

    if (result->error && ret_error) {
        *ret_error = result->error;
        result->error = NULL;
    }
    procspawn_result_fini(result);
    return status;
}

procspawn_pool *procspawn__given_pool(procspawn_pool *pool)
{
    return procspawn__pool_or_absent(pool);
}

/* ---- parameters ---- */

void procspawn__unpack_begin(struct procspawn__unpacking *unpacking, const json_t *array,
                             size_t count)
{
    bool fits = json_is_array(array) && json_array_size(array) == count;

    *unpacking = (struct procspawn__unpacking){ .array = array,
                                                .status = fits ? 0 : PROCSPAWN_EVALUE };
}

json_t *procspawn__unpack_next(struct procspawn__unpacking *unpacking)
{
    return json_array_get(unpacking->array, unpacking->next++);
}

void procspawn__unpack_note(struct procspawn__unpacking *unpacking, int rc)
{
    unpacking->unpacked += rc == 0;
    unpacking->status = rc;
}

bool procspawn__unpack_release(struct procspawn__unpacking *unpacking)
{
    return unpacking->released++ < unpacking->unpacked;
}

json_t *procspawn__unpack_return(const struct procspawn__unpacking *unpacking, const char *function,
                                 json_t *packed)
{
    const char *reason = forkscope_strerror(unpacking->status);

    if (unpacking->status == 0)
        return packed;
    if (unpacking->called)
        procspawn__reply_refuse("the result of %s: %s", function, reason);
    else if (unpacking->next == 0)
        procspawn__reply_refuse("the parameters of %s: %s", function, reason);
    else
        procspawn__reply_refuse("parameter %zu of %s: %s", unpacking->next, function, reason);
    return NULL;
}

bool procspawn__unpack_refuse(const char *function, int rc, procspawn_error **ret_error)
{
    procspawn_error *error = procspawn__error_new(PROCSPAWN_ERROR_JSON, 0, "the result of %s: %s",
                                                  function, forkscope_strerror(rc));
    if (!error)
        return false;
    procspawn__error_give(error, ret_error);
    return true;
}

void procspawn__result_refuse(struct procspawn_result *result, const char *function, int rc)
{
    result->error = procspawn__error_new(PROCSPAWN_ERROR_JSON, 0, "the result of %s: %s", function,
                                         forkscope_strerror(rc));
    if (!result->error)
        result->error = procspawn__error_of_loss(-ENOMEM);
    result->status = procspawn_error_code(result->error);
    json_decref(result->value);
    result->value = NULL;
}

/* ---- numbers ---- */

static int give(json_t *json, int otherwise, json_t **ret_json)
{
    if (!json)
        return otherwise;
    *ret_json = json;
    return 0;
}

int procspawn__pack_integer(int64_t value, int64_t least, int64_t most, json_t **ret_json)
{
    *ret_json = json_integer(value);
    if (value < least || value > most)
        return PROCSPAWN_ERANGE;
    return *ret_json ? 0 : -ENOMEM;
}

int procspawn__unpack_integer(const json_t *json, int64_t least, int64_t most, int64_t *ret_value)
{
    int64_t value = json_integer_value(json);

    if (!json_is_integer(json) || value < least || value > most)
        return PROCSPAWN_EVALUE;
    *ret_value = value;
    return 0;
}

/* A JSON integer is an int64_t; a larger value travels as a string. */
int procspawn__pack_uint64(uint64_t value, json_t **ret_json)
{
    if (value <= INT64_MAX)
        return give(json_integer((json_int_t)value), -ENOMEM, ret_json);
    return give(json_sprintf("%llu", (unsigned long long)value), -ENOMEM, ret_json);
}

int procspawn__unpack_uint64(const json_t *json, uint64_t *ret_value)
{
    const char *text = json_string_value(json);
    char *end;

    if (json_is_integer(json) && json_integer_value(json) >= 0) {
        *ret_value = (uint64_t)json_integer_value(json);
        return 0;
    }
    if (!text || text[0] < '1' || text[0] > '9' || strlen(text) != json_string_length(json))
        return PROCSPAWN_EVALUE;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end != '\0' || errno == ERANGE || value <= INT64_MAX)
        return PROCSPAWN_EVALUE;
    *ret_value = value;
    return 0;
}

int procspawn__pack_double(double value, json_t **ret_json)
{
    return give(json_real(value), PROCSPAWN_EJSON, ret_json);
}

int procspawn__unpack_double(const json_t *json, double *ret_value)
{
    if (!json_is_real(json))
        return PROCSPAWN_EVALUE;
    *ret_value = json_real_value(json);
    return 0;
}

int procspawn__pack_bool(bool value, json_t **ret_json)
{
    return give(json_boolean(value), -ENOMEM, ret_json);
}

int procspawn__unpack_bool(const json_t *json, bool *ret_value)
{
    if (!json_is_boolean(json))
        return PROCSPAWN_EVALUE;
    *ret_value = json_is_true(json);
    return 0;
}

/* ---- strings and JSON ---- */

int procspawn__pack_string(const char *value, json_t **ret_json)
{
    return give(value ? json_string(value) : json_null(), PROCSPAWN_EJSON, ret_json);
}

/* A string with a NUL inside is refused: a C string ends at its first NUL. */
int procspawn__unpack_string(const json_t *json, const char **ret_value)
{
    const char *text = json_string_value(json);

    if (!json_is_null(json) && (!text || strlen(text) != json_string_length(json)))
        return PROCSPAWN_EVALUE;
    *ret_value = text;
    return 0;
}

int procspawn__pack_result_string(char *value, json_t **ret_json)
{
    int rc = procspawn__pack_string(value, ret_json);
    free(value);
    return rc;
}

int procspawn__unpack_result_string(const json_t *json, char **ret_value)
{
    const char *text;
    int rc = procspawn__unpack_string(json, &text);
    char *copy = rc == 0 && text ? strdup(text) : NULL;

    if (rc == 0 && text && !copy)
        return -ENOMEM;
    if (rc == 0)
        *ret_value = copy;
    return rc;
}

void procspawn__release_result_string(char **value)
{
    free(*value);
}

int procspawn__pack_json(json_t *value, json_t **ret_json)
{
    *ret_json = value ? json_incref(value) : json_null();
    return 0;
}

int procspawn__unpack_json(json_t *json, json_t **ret_value)
{
    *ret_value = json_is_null(json) ? NULL : json;
    return 0;
}

int procspawn__pack_result_json(json_t *value, json_t **ret_json)
{
    *ret_json = value ? value : json_null();
    return 0;
}

int procspawn__unpack_result_json(json_t *json, json_t **ret_value)
{
    *ret_value = json_is_null(json) ? NULL : json_incref(json);
    return 0;
}

void procspawn__release_result_json(json_t **value)
{
    json_decref(*value);
}
