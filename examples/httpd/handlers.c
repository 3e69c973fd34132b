#include "examples/httpd/handlers.h"

#include <fcntl.h>
#include <forkscope.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *reply(json_t *body)
{
    return json_pack("{s:i, s:o}", "status", 200, "body", body);
}

static const char *text(json_t *request, const char *key)
{
    return json_string_value(json_object_get(request, key));
}

static json_t *hello(json_t *request)
{
    const char *name = text(request, "query");
    return reply(json_pack("{s:s}", "hello", *name ? name : "world"));
}

static json_t *sum(json_t *request)
{
    json_t *numbers = json_loads(text(request, "body"), 0, NULL), *number;
    json_int_t total = 0;
    size_t i;

    if (!json_is_array(numbers))
        return json_pack("{s:i, s:{s:s}}", "status", 400, "body", "error", "an array is wanted");
    json_array_foreach (numbers, i, number)
        total += json_integer_value(number);
    json_decref(numbers);
    return reply(json_pack("{s:I}", "sum", total));
}

/* Milliseconds in the query. */
static json_t *sleep_a_while(json_t *request)
{
    enum { US_IN_A_MS = 1000 };
    int ms = atoi(text(request, "query"));

    usleep((useconds_t)ms * US_IN_A_MS);
    return reply(json_pack("{s:i}", "slept", ms));
}

static json_t *crash(json_t *request)
{
    *(volatile int *)(uintptr_t)(json_integer_value(request) + 8) = 1;  /* nothing is mapped there */
    return NULL;
}

static json_t *hang(json_t *request)
{
    while (pause() < 0)
        continue;
    return request;
}

static json_t *leave(json_t *request)
{
    exit(atoi(text(request, "query")));
}

static json_t *fail(json_t *request)
{
    procspawn_panic("no luck with %s", text(request, "query"));
}

/* What a handler does that was taken over, or that does more than its user thinks. */
static json_t *open_a_file(json_t *request)
{
    int fd = open(text(request, "query"), O_RDONLY | O_CLOEXEC);

    return reply(json_pack("{s:b}", "opened", fd >= 0));
}

json_t *handle_request(json_t *request)
{
    static const struct { const char *path; json_t *(*handler)(json_t *); } handlers[] = {
        { "/", hello }, { "/hello", hello }, { "/sum", sum }, { "/sleep", sleep_a_while },
        { "/crash", crash }, { "/hang", hang }, { "/exit", leave }, { "/fail", fail },
        { "/open", open_a_file },
    };

    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (strcmp(text(request, "path"), handlers[i].path) == 0)
            return handlers[i].handler(request);
    }
    return json_pack("{s:i, s:{s:s}}", "status", 404, "body", "error", "no such path");
}
