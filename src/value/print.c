/*
 * print.c - shows a value to people
 */
#include "src/base/visible_text.h"
#include "src/value/bytes.h"
#include "src/value/placeholder.h"
#include "src/wire/codec.h"
#include <errno.h>
#include <forkscope/bytes.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int show(const json_t *value, unsigned depth, json_t **ret_shown);

static int return_new(json_t *shown, json_t **ret_shown)
{
    if (!shown)
        return -ENOMEM;
    *ret_shown = shown;
    return 0;
}

static int show_object(const json_t *value, unsigned depth, json_t *shown)
{
    const char *key;
    json_t *item, *shown_item;

    json_object_foreach((json_t *)(uintptr_t)value, key, item) {
        int rc = show(item, depth + 1, &shown_item);
        if (rc == 0 && json_object_set_new_nocheck(shown, key, shown_item) < 0)
            rc = -ENOMEM;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int show_array(const json_t *value, unsigned depth, json_t *shown)
{
    json_t *item, *shown_item;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)value, i, item) {
        int rc = show(item, depth + 1, &shown_item);
        if (rc == 0 && json_array_append_new(shown, shown_item) < 0)
            rc = -ENOMEM;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int show_container(const json_t *value, unsigned depth, json_t **ret_shown)
{
    bool is_object = json_is_object(value);
    json_t *shown = is_object ? json_object() : json_array();

    if (!shown)
        return -ENOMEM;
    int rc = is_object ? show_object(value, depth, shown) : show_array(value, depth, shown);
    if (rc < 0)
        json_decref(shown);
    else
        *ret_shown = shown;
    return rc;
}

static const char *const names[] = {
    [PROCSPAWN_VALUE_FD] = "<descriptor>",
    [PROCSPAWN_VALUE_SHMEM] = "<shared memory>",
    [PROCSPAWN_VALUE_SENDER] = "<sender>",
    [PROCSPAWN_VALUE_RECEIVER] = "<receiver>",
};

/* Copies the value, with texts in the place of what is not JSON. */
static int show(const json_t *value, unsigned depth, json_t **ret_shown)
{
    enum procspawn_value_kind kind = procspawn_value_kind(value);

    if (depth > PROCSPAWN__DEPTH_MAX)
        return PROCSPAWN_EJSON;
    if (kind == PROCSPAWN_VALUE_BYTES)
        return return_new(json_sprintf("<bytes: %zu>", procspawn_bytes_length(value)), ret_shown);
    if (kind != PROCSPAWN_VALUE_PLAIN)
        return return_new(json_string(names[kind]), ret_shown);
    if (json_is_object(value) || json_is_array(value))
        return show_container(value, depth, ret_shown);
    *ret_shown = json_incref((json_t *)(uintptr_t)value);
    return 0;
}

static int append(const char *text, size_t length, void *writer)
{
    wire__put_bytes(writer, text, length);
    return ((struct wire_writer *)writer)->overflow ? -1 : 0;
}

static int write_text(struct wire_writer *writer, const json_t *shown)
{
    int rc = json_dump_callback(shown, append, writer, JSON_INDENT(2) | JSON_ENCODE_ANY);

    wire__put_bytes(writer, "", 1);
    if (writer->overflow)
        return -ENOMEM;
    return rc < 0 ? PROCSPAWN_EJSON : 0;
}

/* The ends of lines are those of the indent: a string has \n instead. */
static int print_lines(char *text, FILE *stream)
{
    char *rest = text;

    for (;;) {
        const char *line = strsep(&rest, "\n");
        base__print_visible(line, stream);
        if (!rest)
            break;
        putc('\n', stream);
    }
    return ferror(stream) ? -EIO : 0;
}

int procspawn_value_print(const json_t *value, FILE *stream)
{
    struct wire_writer writer = { .grows = true };
    json_t *shown;
    int rc = show(value ? value : json_null(), 0, &shown);

    if (rc < 0)
        return rc;
    rc = write_text(&writer, shown);
    json_decref(shown);
    pthread_cleanup_push(free, writer.bytes);
    if (rc == 0)
        rc = print_lines((char *)writer.bytes, stream);
    pthread_cleanup_pop(1);
    return rc;
}
