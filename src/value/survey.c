/*
 * survey.c - walks through a value before it is encoded
 */
#include "src/value/survey.h"

#include "src/base/refusal.h"
#include "src/base/utf8.h"
#include "src/value/attachments.h"
#include "src/value/placeholder.h"
#include "src/value/reserved.h"
#include <forkscope/error.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static int walk(const json_t *value, unsigned depth, struct procspawn__survey *survey);

int procspawn__survey_not_utf8(void)
{
    return base__refuse(PROCSPAWN_EJSON, "a string is not UTF-8: bytes.h carries it");
}

int procspawn__survey_absent(const char *name)
{
    return base__refuse(PROCSPAWN_EJSON,
                        "%s is NULL, not a JSON value: json_pack() and the like return NULL for a "
                        "wrong format, for text that is not UTF-8, and without memory; "
                        "json_pack_ex() tells which", name);
}

/* jansson writes keys that are not UTF-8 as garbage. */
static bool key_travels(void *iterator, const char *key)
{
#if JANSSON_VERSION_HEX >= 0x020e00
    if (strlen(key) != json_object_iter_key_len(iterator))
        return false;
#else
    (void)iterator;
#endif
    return base__is_utf8(key, strlen(key));
}

static int walk_object(const json_t *value, unsigned depth, struct procspawn__survey *survey)
{
    json_t *object = (json_t *)(uintptr_t)value;
    int rc = 0;

    for (void *i = json_object_iter(object); i && rc == 0; i = json_object_iter_next(object, i)) {
        const char *key = json_object_iter_key(i);
        if (!key_travels(i, key))
            return base__refuse(PROCSPAWN_EJSON, "a key is not UTF-8, or has a NUL in it");
        if (procspawn__key_is_reserved(key))
            survey->reserved_keys = true;
        rc = walk(json_object_iter_value(i), depth + 1, survey);
    }
    return rc;
}

static int walk_array(const json_t *value, unsigned depth, struct procspawn__survey *survey)
{
    json_t *item;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)value, i, item) {
        int rc = walk(item, depth + 1, survey);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Also the receiver tests strings, but then the call would fail and not the caller. */
static int attach(enum procspawn__attachment_kind kind, const json_t *string,
                  struct procspawn__survey *survey)
{
    survey->attachments = true;
    if (kind == PROCSPAWN__ATTACHED_BYTES ||
        base__is_utf8(json_string_value(string), json_string_length(string)))
        return 0;
    return procspawn__survey_not_utf8();
}

static int walk(const json_t *value, unsigned depth, struct procspawn__survey *survey)
{
    const json_t *string;

    if (depth >= PROCSPAWN__DEPTH_MAX)
        return base__refuse(PROCSPAWN_EJSON, "nested deeper than 2,048");
    enum procspawn__attachment_kind kind = procspawn__attachment_of(value, &string);
    if (kind != PROCSPAWN__ATTACHED_NONE)
        return attach(kind, string, survey);
    if (json_is_object(value))
        return walk_object(value, depth, survey);
    return json_is_array(value) ? walk_array(value, depth, survey) : 0;
}

int procspawn__survey(const json_t *value, struct procspawn__survey *survey)
{
    return walk(value, 0, survey);
}
