/*
 * translate_out.c - copies a value for the wire: placeholders name descriptors of the message,
 * bytes and long strings are attached
 */
#include "src/value/translate_out.h"

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

static int copy(const struct procspawn__beside *beside, const json_t *value, json_t **ret_copy);

static int return_new(json_t *value, json_t **ret_copy)
{
    if (!value)
        return -ENOMEM;
    *ret_copy = value;
    return 0;
}

/* ---- placeholders and attachments ---- */

static int send_placeholder(const struct procspawn__beside *beside,
                            const struct procspawn__placeholder *placeholder, json_t **ret_copy)
{
    enum { TEXT_MAX = 16 };
    char text[TEXT_MAX];
    int fd;

    if (*beside->fd_count == PROCSPAWN_DESCRIPTORS_MAX)
        return PROCSPAWN_EDESCRIPTORS;
    int rc = procspawn__placeholder_send(placeholder, &fd);
    if (rc < 0)
        return rc;
    beside->fds[*beside->fd_count] = fd;
    snprintf(text, sizeof text, "%s:%zu", procspawn__kind_name(placeholder->kind),
             (*beside->fd_count)++);
    return return_new(procspawn__reserved_object(text), ret_copy);
}

static int attach(const struct procspawn__beside *beside, enum procspawn__attachment_kind kind,
                  const json_t *string, json_t **ret_copy)
{
    enum { TEXT_MAX = 48 };
    char text[TEXT_MAX];

    snprintf(text, sizeof text, PROCSPAWN__RESERVED_KEY ":%s:%zu",
             procspawn__attachment_name(kind), beside->attachments->count);
    int rc = procspawn__attachments_add(beside->attachments, string);
    return rc < 0 ? rc : return_new(json_string_nocheck(text), ret_copy);
}

static int escape_string(const json_t *value, json_t **ret_copy)
{
    size_t length = json_string_length(value);
    char *escaped = malloc(length + 1);

    if (!escaped)
        return -ENOMEM;
    escaped[0] = PROCSPAWN__RESERVED_KEY[0];
    memcpy(escaped + 1, json_string_value(value), length);
    int rc = return_new(json_stringn_nocheck(escaped, length + 1), ret_copy);
    free(escaped);
    return rc;
}

/* Copies what has a form of its own on the wire. Returns 1 for anything else. */
static int copy_special(const struct procspawn__beside *beside, const json_t *value,
                        json_t **ret_copy)
{
    struct procspawn__placeholder placeholder;
    const json_t *string;

    if (beside->attachments) {
        enum procspawn__attachment_kind kind = procspawn__attachment_of(value, &string);
        if (kind != PROCSPAWN__ATTACHED_NONE)
            return attach(beside, kind, string, ret_copy);
        if (procspawn__string_is_reserved(value))
            return escape_string(value, ret_copy);
    }
    if (json_is_object(value) && procspawn__placeholder_read(value, &placeholder))
        return send_placeholder(beside, &placeholder, ret_copy);
    return 1;
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

/* Adds the item, which is taken, under the key or the escaped key. */
static int set_item(json_t *object, const char *key, json_t *item)
{
    int rc = procspawn__key_is_reserved(key) ? set_escaped(object, key, item)
                                             : json_object_set_new_nocheck(object, key, item);
    return rc < 0 ? -ENOMEM : 0;
}

static int copy_object(const struct procspawn__beside *beside, const json_t *value, json_t *object)
{
    const char *key;
    json_t *item, *copied;

    json_object_foreach((json_t *)(uintptr_t)value, key, item) {
        int rc = copy(beside, item, &copied);
        if (rc == 0)
            rc = set_item(object, key, copied);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int copy_array(const struct procspawn__beside *beside, const json_t *value, json_t *array)
{
    json_t *item, *copied;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)value, i, item) {
        int rc = copy(beside, item, &copied);
        if (rc == 0 && json_array_append_new(array, copied) < 0)
            rc = -ENOMEM;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int copy_container(const struct procspawn__beside *beside, const json_t *value,
                          json_t **ret_copy)
{
    bool is_object = json_is_object(value);
    json_t *container = is_object ? json_object() : json_array();

    if (!container)
        return -ENOMEM;
    int rc = is_object ? copy_object(beside, value, container)
                       : copy_array(beside, value, container);
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
static int copy(const struct procspawn__beside *beside, const json_t *value, json_t **ret_copy)
{
    int rc = copy_special(beside, value, ret_copy);

    if (rc <= 0)
        return rc;
    if (json_is_object(value) || json_is_array(value))
        return copy_container(beside, value, ret_copy);
    *ret_copy = json_incref((json_t *)(uintptr_t)value);
    return 0;
}

int procspawn__translate_out(const json_t *value, const struct procspawn__beside *beside,
                             json_t **ret_copy)
{
    return copy(beside, value, ret_copy);
}
