/*
 * module_late.c - a library that a test loads after init: once with a build-id, twice without
 */
#include <jansson.h>

__attribute__((visibility("default"))) json_t *late_add_one(json_t *argument);

json_t *late_add_one(json_t *argument)
{
    return json_integer(json_integer_value(argument) + 1);
}
