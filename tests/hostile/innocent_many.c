/*
 * innocent_many.c - innocent maps, sets and captured calls
 */
#include "tests/hostile/innocent_many.h"

#include "tests/hostile/innocent.h"
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 60, LINES = 3000, LIMIT = 20000, TEXT_MOST = 240 };

static __thread char seen[TEXT_MOST];

static const char *tell(const char *what, int rc, procspawn_error *error)
{
    snprintf(seen, sizeof seen, "%s: %s: %.150s", what, forkscope_strerror(rc),
             error ? procspawn_error_message(error) : "");
    procspawn_error_free(error);
    return seen;
}

const char *innocent_map(struct random *random)
{
    json_t *items = json_array(), *results = NULL;
    procspawn_error *error = NULL;
    const char *wrong = NULL;

    for (unsigned i = random_below(random, MOST); i > 0; i--) {
        char bytes[5000];
        unsigned length = random_length(random, sizeof bytes);
        random_fill(random, bytes, length);
        json_array_append_new(items, json_pack("[i, o]", (int)i,
                                               procspawn_value_bytes(bytes, length)));
    }
    int rc = procspawn_map(NULL, innocent_function, items, &results, &error);
    if (rc < 0)
        wrong = tell("a map", rc, error);
    else if (!json_equal(items, results))
        wrong = "other results of a map";
    json_decref(items);
    json_decref(results);
    return wrong;
}

/* Each tag once, with its own argument. */
static const char *take_all(procspawn_set *set, json_t **values, unsigned count)
{
    const char *wrong = NULL;
    struct procspawn_result result;

    for (unsigned i = 0; i < count && !wrong; i++) {
        int rc = procspawn_set_next(set, &result);
        if (rc < 0)
            return tell("a set", rc, NULL);
        json_t **place = result.tag;
        if (result.error) {
            wrong = tell("a call of a set", result.status, result.error);
            result.error = NULL;
        } else if (place < values || place >= values + count || !json_equal(*place, result.value)) {
            wrong = "another result of a set";
        }
        procspawn_result_fini(&result);
    }
    return wrong || procspawn_set_count(set) == 0 ? wrong : "a set is not empty";
}

const char *innocent_set(struct random *random)
{
    json_t *values[8];
    unsigned count = 1 + random_below(random, 8);
    procspawn_set *set;
    int rc = procspawn_set_new(&set);

    if (rc < 0)
        return tell("procspawn_set_new", rc, NULL);
    for (unsigned i = 0; i < count; i++) {
        values[i] = json_integer((json_int_t)(random_draw(random) >> 1));
        rc = rc < 0 ? rc : procspawn_set_start(set, NULL, innocent_function, values[i], &values[i]);
    }
    const char *wrong = rc < 0 ? tell("procspawn_set_start", rc, NULL)
                               : take_all(set, values, count);
    procspawn_set_free(set);
    for (unsigned i = 0; i < count; i++)
        json_decref(values[i]);
    return wrong;
}

static json_t *print_numbers(json_t *argument)
{
    for (int i = 0; i < (int)json_integer_value(argument); i++)
        printf("%09d\n", i);
    return json_incref(argument);
}

static bool is_line(const char *text, int number)
{
    char line[16];

    snprintf(line, sizeof line, "%09d\n", number);
    return memcmp(text, line, 10) == 0;
}

static bool is_output(const struct procspawn_output *output, int lines)
{
    if (output->total != 10 * (uint64_t)lines || output->truncated != (output->total > LIMIT))
        return false;
    return lines == 0 ? output->size == 0
                      : is_line(output->data, 0) &&
                            is_line(output->data + output->size - 10, lines - 1);
}

const char *innocent_output(struct random *random)
{
    const struct procspawn_call_options options = { .capture_limit = LIMIT,
                                                    .take_argument = true };
    struct procspawn_result result;
    int lines = (int)random_below(random, LINES);
    int rc = procspawn_call_with(&options, print_numbers, json_integer(lines), &result);
    const char *wrong = NULL;

    if (rc < 0) {
        wrong = tell("a captured call", rc, result.error);
        result.error = NULL;
    } else if (!is_output(&result.out, lines)) {
        wrong = "another output";
    }
    procspawn_result_fini(&result);
    return wrong;
}
