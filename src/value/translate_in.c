/*
 * translate_in.c - changes a decoded value: what stands for descriptors becomes placeholders of
 * this process, what stands for attachments becomes bytes or strings
 */
#include "src/value/translate_in.h"

#include "src/base/fd.h"
#include "src/value/fd_table.h"
#include "src/value/placeholder.h"
#include "src/value/reserved.h"
#include "src/value/value_type.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 16 };

struct translation {
    struct procspawn__came_beside *beside;
    uint64_t *numbers;          /* of the table's entries, for each descriptor; 0: none */
    uint64_t *files;            /* their files (base__fd_hold_file) */
};

/*
 * Finds what the value is to be replaced by: 1 and a new reference. Returns 0: by nothing, it was
 * changed where it is.
 */
static int change(const struct translation *t, json_t *value, json_t **ret_new);

static int return_new(json_t *value, json_t **ret_new)
{
    if (!value)
        return -ENOMEM;
    *ret_new = value;
    return 1;
}

/* ---- descriptors ---- */

/* Leaves the descriptor where it is until the whole value has been translated. */
static int receive_fd(const struct translation *t, enum procspawn_value_kind kind, size_t index,
                      json_t **ret_new)
{
    struct procspawn__placeholder placeholder = { .kind = kind, .in_table = true };
    const struct procspawn__came_beside *beside = t->beside;

    if (index >= PROCSPAWN_DESCRIPTORS_MAX || index >= beside->fd_count || t->numbers[index] != 0 ||
        !procspawn__kind_fits(kind, beside->fds[index], &t->files[index]) ||
        !base__fd_is_ours_as(beside->fds[index], t->files[index]))
        return -EPROTO;
    int rc = procspawn__fd_table_reserve(beside->fd_owner, kind, &placeholder.number);
    if (rc < 0)
        return rc;
    t->numbers[index] = placeholder.number;
    return return_new(procspawn__placeholder_new(&placeholder), ret_new);
}

/* One or two digits. */
static bool read_index(const char *text, size_t *ret_index)
{
    size_t digits = strspn(text, "0123456789");

    if (digits < 1 || digits > 2 || text[digits] != '\0')
        return false;
    *ret_index = (size_t)atoi(text);
    return true;
}

/* Reads "kind:index". Each descriptor may be named once. */
static int receive_placeholder(const struct translation *t, const json_t *object,
                               const json_t *named, json_t **ret_new)
{
    const char *text = json_string_value(named);
    const char *colon = text ? strchr(text, ':') : NULL;
    char name[TEXT_MAX];
    size_t index;

    if (json_object_size(object) != 1 || !colon || (size_t)(colon - text) >= sizeof name ||
        !read_index(colon + 1, &index))
        return -EPROTO;
    memcpy(name, text, (size_t)(colon - text));
    name[colon - text] = '\0';
    return receive_fd(t, procspawn__kind_by_name(name), index, ret_new);
}

/* ---- strings ---- */

/* Reads ":kind:index". */
static int receive_attached(const struct translation *t, const char *text, json_t **ret_new)
{
    char name[TEXT_MAX], index[20];
    int end = 0;

    if (sscanf(text, ":%15[a-z]:%19[0-9]%n", name, index, &end) != 2 || text[end] != '\0')
        return -EPROTO;
    int rc = procspawn__attached_take(&t->beside->attached, strtoull(index, NULL, 10),
                                      procspawn__attachment_by_name(name), ret_new);
    return rc < 0 ? rc : 1;
}

static int change_string(const struct translation *t, const json_t *value, json_t **ret_new)
{
    const char *string = json_string_value(value);

    if (t->beside->attached.count == 0 || !procspawn__string_is_reserved(value))
        return 0;
    if (procspawn__string_is_unescaped(string))
        return receive_attached(t, string + sizeof PROCSPAWN__RESERVED_KEY - 1, ret_new);
    return return_new(json_stringn_nocheck(string + 1, json_string_length(value) - 1), ret_new);
}

/* ---- arrays and objects ---- */

static int change_array(const struct translation *t, json_t *array)
{
    json_t *item, *changed;
    size_t i;

    json_array_foreach(array, i, item) {
        int rc = change(t, item, &changed);
        if (rc == 1 && json_array_set_new(array, i, changed) < 0)
            rc = -ENOMEM;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Returns 1 if the object has escaped keys. */
static int change_items(const struct translation *t, json_t *object)
{
    json_t *changed;
    int escaped = 0;

    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        int rc = change(t, json_object_iter_value(i), &changed);
        if (rc == 1 && json_object_iter_set_new(object, i, changed) < 0)
            rc = -ENOMEM;
        if (rc < 0)
            return rc;
        if (t->beside->reserved_keys && procspawn__key_is_reserved(json_object_iter_key(i)))
            escaped = 1;
    }
    return escaped;
}

/* A key cannot be changed where it is, so the object is copied. */
static int unescape_keys(json_t *object, json_t **ret_new)
{
    json_t *copy = json_object();
    const char *key;
    json_t *item;

    json_object_foreach(object, key, item) {
        if (json_object_set_nocheck(copy, key + procspawn__key_is_reserved(key), item) < 0) {
            json_decref(copy);
            return -ENOMEM;
        }
    }
    return return_new(copy, ret_new);
}

static int change_object(const struct translation *t, json_t *object, json_t **ret_new)
{
    const json_t *named =
        t->beside->reserved_keys ? json_object_get(object, PROCSPAWN__RESERVED_KEY) : NULL;

    if (named)
        return receive_placeholder(t, object, named, ret_new);
    int rc = change_items(t, object);
    return rc == 1 ? unescape_keys(object, ret_new) : rc;
}

static bool is_stopped(const bool *stop)
{
    return stop && __atomic_load_n(stop, __ATOMIC_RELAXED);
}

static int change(const struct translation *t, json_t *value, json_t **ret_new)
{
    if (json_is_string(value))
        return change_string(t, value, ret_new);
    if (is_stopped(t->beside->stop))
        return -ECANCELED;
    if (json_is_object(value))
        return change_object(t, value, ret_new);
    return json_is_array(value) ? change_array(t, value) : 0;
}

static int take_named(const struct translation *t)
{
    int *fds = t->beside->fds;
    int rc = 0;

    for (size_t i = 0; i < PROCSPAWN_DESCRIPTORS_MAX && rc == 0; i++) {
        if (t->numbers[i] == 0)
            continue;
        rc = procspawn__fd_table_fill(t->numbers[i], fds[i], t->files[i]);
        fds[i] = -1;
    }
    return rc;
}

int procspawn__translate_in(json_t *value, struct procspawn__came_beside *beside,
                            json_t **ret_value)
{
    uint64_t numbers[PROCSPAWN_DESCRIPTORS_MAX] = { 0 };
    uint64_t files[PROCSPAWN_DESCRIPTORS_MAX];
    const struct translation t = { .beside = beside, .numbers = numbers, .files = files };
    json_t *changed;
    int rc = change(&t, value, &changed);

    if (rc == 1) {
        json_decref(value);
        value = changed;
    }
    if (rc >= 0 && !procspawn__attached_is_used_up(&beside->attached))
        rc = -EPROTO;
    if (rc >= 0)
        rc = take_named(&t);
    if (rc < 0) {
        json_decref(value);
        procspawn__fd_owner_release(beside->fd_owner);
    } else {
        *ret_value = value;
    }
    return rc;
}
