/*
 * translate.c - copies a value and replaces its placeholders: those of this process by those of the
 * wire, or back
 */
#include "src/value/translate.h"

#include "src/base/fd.h"
#include "src/value/fd_table.h"
#include "src/value/placeholder.h"
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
#include <unistd.h>

enum { TEXT_MAX = 16 };

/* The direction: exactly one of the two is set. */
struct translation {
    const struct procspawn__fds_out *out;
    const struct procspawn__fds_in *in;
    uint64_t *numbers;          /* of the table's entries, for each descriptor of `in`; 0: none */
};

static int copy(const struct translation *t, const json_t *value, json_t **ret_copy);

bool procspawn__key_is_reserved(const char *key)
{
    if (*key != PROCSPAWN__RESERVED_KEY[0])
        return false;
    return strcmp(key + strspn(key, "\001"), &PROCSPAWN__RESERVED_KEY[1]) == 0;
}

/* ---- placeholders ---- */

static int send_placeholder(const struct procspawn__fds_out *out,
                            const struct procspawn__placeholder *placeholder, json_t **ret_copy)
{
    if (*out->count == PROCSPAWN_DESCRIPTORS_MAX)
        return PROCSPAWN_EDESCRIPTORS;
    int fd;
    int rc = procspawn__placeholder_send(placeholder, &fd);
    if (rc == 0)
        fd = base__fd_hold(fd);
    if (rc < 0 || fd < 0)
        return rc < 0 ? rc : fd;
    out->fds[*out->count] = fd;
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "%s:%zu", procspawn__kind_name(placeholder->kind), (*out->count)++);
    json_t *value = json_pack("{s:s}", PROCSPAWN__RESERVED_KEY, text);
    if (!value)
        return -ENOMEM;
    *ret_copy = value;
    return 0;
}

/* Leaves the descriptor where it is until the whole value has been copied. */
static int receive(const struct translation *t, enum procspawn_value_kind kind, size_t index,
                   json_t **ret_copy)
{
    struct procspawn__placeholder placeholder = { .kind = kind, .in_table = true };
    const struct procspawn__fds_in *in = t->in;

    if (index >= PROCSPAWN_DESCRIPTORS_MAX || index >= in->count || t->numbers[index] != 0 ||
        !base__fd_is_ours(in->fds[index]) || !procspawn__kind_fits(kind, in->fds[index]))
        return -EPROTO;
    int rc = procspawn__fd_table_reserve(in->fd_owner, kind, &placeholder.number);
    if (rc < 0)
        return rc;
    t->numbers[index] = placeholder.number;
    json_t *value = procspawn__placeholder_new(&placeholder);
    if (!value)
        return -ENOMEM;
    *ret_copy = value;
    return 0;
}

/* Reads "kind:index". Each descriptor may be named once. */
static int receive_placeholder(const struct translation *t, const json_t *object,
                               const json_t *named, json_t **ret_copy)
{
    const char *text = json_string_value(named);
    char name[TEXT_MAX], index[3];
    int end = 0;

    if (json_object_size(object) != 1 || !text ||
        sscanf(text, "%15[a-z]:%2[0-9]%n", name, index, &end) != 2 || text[end] != '\0')
        return -EPROTO;
    return receive(t, procspawn__kind_by_name(name), (size_t)atoi(index), ret_copy);
}

/* Returns 1 if the object is not a placeholder. */
static int copy_placeholder(const struct translation *t, const json_t *object, json_t **ret_copy)
{
    struct procspawn__placeholder placeholder;

    if (t->out)
        return procspawn__placeholder_read(object, &placeholder)
                   ? send_placeholder(t->out, &placeholder, ret_copy) : 1;
    const json_t *named = json_object_get(object, PROCSPAWN__RESERVED_KEY);
    return named ? receive_placeholder(t, object, named, ret_copy) : 1;
}

/* ---- everything else ---- */

static int set_escaped(json_t *object, const char *key, json_t *item)
{
    char *escaped = malloc(strlen(key) + 2);
    if (!escaped) {
        json_decref(item);
        return -1;
    }
    escaped[0] = PROCSPAWN__RESERVED_KEY[0];
    strcpy(escaped + 1, key);
    int rc = json_object_set_new_nocheck(object, escaped, item);
    free(escaped);
    return rc;
}

/* Adds the item, which is taken, under the escaped or unescaped key. */
static int set_item(const struct translation *t, json_t *object, const char *key, json_t *item)
{
    int rc;

    if (!procspawn__key_is_reserved(key))
        rc = json_object_set_new_nocheck(object, key, item);
    else if (t->out)
        rc = set_escaped(object, key, item);
    else
        rc = json_object_set_new_nocheck(object, key + 1, item);
    return rc < 0 ? -ENOMEM : 0;
}

static int copy_object(const struct translation *t, const json_t *value, json_t *object)
{
    const char *key;
    json_t *item, *copied;
    int rc;

    json_object_foreach((json_t *)(uintptr_t)value, key, item) {
        rc = copy(t, item, &copied);
        if (rc == 0)
            rc = set_item(t, object, key, copied);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int copy_array(const struct translation *t, const json_t *value, json_t *array)
{
    json_t *item, *copied;
    size_t i;
    int rc;

    json_array_foreach((json_t *)(uintptr_t)value, i, item) {
        rc = copy(t, item, &copied);
        if (rc == 0 && json_array_append_new(array, copied) < 0)
            rc = -ENOMEM;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int copy_container(const struct translation *t, const json_t *value, json_t **ret_copy)
{
    bool is_object = json_is_object(value);
    json_t *container = is_object ? json_object() : json_array();

    if (!container)
        return -ENOMEM;
    int rc = is_object ? copy_object(t, value, container) : copy_array(t, value, container);
    if (rc < 0)
        json_decref(container);
    else
        *ret_copy = container;
    return rc;
}

/*
 * Copies arrays and objects; numbers, strings and the like are shared. The depth was checked
 * before.
 */
static int copy(const struct translation *t, const json_t *value, json_t **ret_copy)
{
    int rc = 1;

    if (json_is_object(value))
        rc = copy_placeholder(t, value, ret_copy);
    if (rc <= 0)
        return rc;
    if (json_is_object(value) || json_is_array(value))
        return copy_container(t, value, ret_copy);
    *ret_copy = json_incref((json_t *)(uintptr_t)value);
    return 0;
}

int procspawn__translate_out(const json_t *value, const struct procspawn__fds_out *out,
                             json_t **ret_copy)
{
    const struct translation t = { .out = out };
    return copy(&t, value, ret_copy);
}

static int take_named(const struct procspawn__fds_in *in, const uint64_t *numbers)
{
    int rc = 0;

    for (size_t i = 0; i < PROCSPAWN_DESCRIPTORS_MAX && rc == 0; i++) {
        if (numbers[i] == 0)
            continue;
        rc = procspawn__fd_table_fill(numbers[i], in->fds[i]);
        in->fds[i] = -1;
    }
    return rc;
}

int procspawn__translate_in(const json_t *value, const struct procspawn__fds_in *in,
                            json_t **ret_copy)
{
    uint64_t numbers[PROCSPAWN_DESCRIPTORS_MAX] = { 0 };
    const struct translation t = { .in = in, .numbers = numbers };
    json_t *copied;
    int rc = copy(&t, value, &copied);

    if (rc == 0) {
        rc = take_named(in, numbers);
        if (rc < 0)
            json_decref(copied);
    }
    if (rc < 0)
        procspawn__fd_owner_release(in->fd_owner);
    else
        *ret_copy = copied;
    return rc;
}
