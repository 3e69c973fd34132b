/*
 * environment.c - the environment of a child: the caller's, with the changes of a builder
 */
#include "src/call/environment.h"

#include "src/wire/codec.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The recorded strings one behind the other, each with its NUL. */
static struct {
    char *text;
    size_t length;
} recorded;

int procspawn__environment_record(char *const *variables)
{
    size_t length = 0;

    for (char *const *variable = variables; *variable; variable++)
        length += strlen(*variable) + 1;
    char *text = malloc(length + 1), *at = text;
    if (!text)
        return -ENOMEM;
    for (char *const *variable = variables; *variable; variable++)
        at = stpcpy(at, *variable) + 1;
    free(recorded.text);
    recorded.text = text;
    recorded.length = length;
    return 0;
}

bool procspawn__environment_same(char *const *variables)
{
    const char *at = recorded.text;
    const char *end = at + recorded.length;

    for (char *const *variable = variables; *variable; variable++) {
        if (at == end || strcmp(at, *variable) != 0)
            return false;
        at += strlen(at) + 1;
    }
    return at == end;
}

/* Does the change set or remove the variable whose name is the first `length` bytes? */
static bool names(const char *change, const char *variable, size_t length)
{
    return strncmp(change, variable, length) == 0 &&
           (change[length] == '=' || change[length] == '\0');
}

/* Does one of the changes from `first` on set or remove this variable? */
static bool is_changed(const char *variable, char *const *changes, size_t first, size_t count)
{
    size_t length = strcspn(variable, "=");

    for (size_t i = first; i < count; i++) {
        if (names(changes[i], variable, length))
            return true;
    }
    return false;
}

/* Does the change set a variable, and no later change has the same name? */
static bool stands(char *const *changes, size_t index, size_t count)
{
    return strchr(changes[index], '=') && !is_changed(changes[index], changes, index + 1, count);
}

static uint32_t count_variables(char *const *variables, char *const *changes, size_t change_count)
{
    uint32_t count = 0;

    for (char *const *variable = variables; *variable; variable++)
        count += !is_changed(*variable, changes, 0, change_count);
    for (size_t i = 0; i < change_count; i++)
        count += stands(changes, i, change_count);
    return count;
}

void procspawn__environment_put(struct wire_writer *writer, char *const *variables,
                                char *const *changes, size_t change_count)
{
    wire__put_u32(writer, count_variables(variables, changes, change_count));
    for (char *const *variable = variables; *variable; variable++) {
        if (!is_changed(*variable, changes, 0, change_count))
            wire__put_string(writer, *variable);
    }
    for (size_t i = 0; i < change_count; i++) {
        if (stands(changes, i, change_count))
            wire__put_string(writer, changes[i]);
    }
}
