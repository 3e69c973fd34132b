/*
 * innocent.c - calls that check their results and their time
 */
#include "tests/hostile/innocent.h"

#include "src/base/clock.h"
#include "tests/hostile/innocent_many.h"
#include "tests/hostile/random.h"
#include "tests/hostile/ledger.h"
#include "tests/support/closed.h"
#include <errno.h>
#include <forkscope.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beyond it the call has no answer, which is wrong, and the thread goes on. */
static const int64_t patience = 2 * TIMED_LATE;

struct innocent {
    struct random random;
    procspawn_pool *pool;
};

/* What was seen instead of what is right; NULL: nothing. Each thread has a text of its own. */
static __thread char seen[TEXT];

static const char *seen_code(const char *what, int rc)
{
    snprintf(seen, sizeof seen, "%s: %s", what, forkscope_strerror(rc));
    return seen;
}

static const char *seen_error(procspawn_error *error)
{
    snprintf(seen, sizeof seen, "%s: %.150s",
             procspawn_error_kind_name(procspawn_error_kind(error)),
             procspawn_error_message(error));
    procspawn_error_free(error);
    return seen;
}

/* Joins and frees. */
static const char *join(procspawn_handle *handle, json_t **ret_result)
{
    procspawn_error *error = NULL;
    int rc = procspawn_join_timeout(handle, patience, ret_result, &error);

    if (rc == -ETIMEDOUT)
        procspawn_kill(handle);
    procspawn_handle_free(handle);
    if (rc == PROCSPAWN_ECALL)
        return seen_error(error);
    return rc < 0 ? seen_code("join", rc) : NULL;
}

static const char *join_equal(procspawn_handle *handle, const json_t *expected)
{
    json_t *result = NULL;
    const char *wrong = join(handle, &result);

    if (!wrong && !json_equal(result, expected))
        wrong = "another result";
    json_decref(result);
    return wrong;
}

static json_t *some_value(struct random *random)
{
    return json_pack("{s:I, s:[i, b, n, f], s:s}", "number", (json_int_t)(random_draw(random) >> 1),
                     "list", (int)random_below(random, 1000), 1, 0.5, "text", "a\"b\\c\xc3\xa4");
}

/* ---- calls ---- */

json_t *innocent_function(json_t *argument)
{
    return json_incref(argument);
}

static const char *call_with(json_t *value, procspawn_function *function)
{
    procspawn_handle *handle;
    int rc = procspawn(function, value, &handle);

    return rc < 0 ? seen_code("procspawn", rc) : join_equal(handle, value);
}

static const char *call(struct innocent *self)
{
    json_t *value = some_value(&self->random);
    const char *wrong = call_with(value, innocent_function);

    json_decref(value);
    return wrong;
}

static const char *call_at_length(struct innocent *self)
{
    unsigned length = 1 + random_below(&self->random, 300000);
    char *text = malloc(length + 1);

    memset(text, 'a' + (int)random_below(&self->random, 26), length);
    text[length] = '\0';
    json_t *value = json_string(text);
    const char *wrong = call_with(value, innocent_function);
    json_decref(value);
    free(text);
    return wrong;
}

static json_t *call_below(json_t *argument)
{
    const char *wrong = call_with(argument, innocent_function);

    if (wrong)
        procspawn_panic("below: %s", wrong);
    return json_incref(argument);
}

static const char *call_nested(struct innocent *self)
{
    json_t *value = some_value(&self->random);
    const char *wrong = call_with(value, call_below);

    json_decref(value);
    return wrong;
}

PROCSPAWN_DEFINE_STATIC(mixed_sum, int64, (int64, a), (double, b), (string, text))
{
    return a + (int64_t)b + (int64_t)strlen(text);
}

static const char *call_typed(struct innocent *self)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    int64_t a = random_below(&self->random, 1000000), sum = -1;
    int rc = mixed_sum_spawn(a, 2.0, "three", &handle);

    if (rc < 0)
        return seen_code("spawn", rc);
    rc = mixed_sum_join_timeout(handle, patience, &sum, &error);
    procspawn_handle_free(handle);
    if (rc == PROCSPAWN_ECALL)
        return seen_error(error);
    if (rc < 0)
        return seen_code("join", rc);
    return sum == a + 7 ? NULL : "another sum";
}

/* ---- scopes and pools ---- */

static const char *call_in_scope(scoped_spawner scope, struct random *random)
{
    enum { CALLS = 3 };
    procspawn_handle *handles[CALLS];
    json_t *value = some_value(random);
    const char *wrong = NULL;
    int started = 0, rc = 0;

    while (started < CALLS && rc == 0) {
        rc = scoped_procspawn(scope, NULL, innocent_function, value, &handles[started]);
        started += rc == 0;
    }
    if (rc < 0)
        wrong = seen_code("scoped_procspawn", rc);
    for (int i = 0; i < started; i++) {
        const char *other = join_equal(handles[i], value);
        wrong = wrong ? wrong : other;
    }
    json_decref(value);
    return wrong;
}

static const char *use_scope(struct innocent *self)
{
    scoped_spawner root;
    int rc = scoped_spawner_open(NULL, &root);

    if (rc < 0)
        return seen_code("scoped_spawner_open", rc);
    const char *wrong = call_in_scope(root, &self->random);
    rc = close_whatever(root, forkscope_after(patience));
    return wrong || rc == 0 ? wrong : seen_code("scoped_cancel_close", rc);
}

static const char *use_pool(struct innocent *self)
{
    enum { CALLS = 4 };
    procspawn_handle *handles[CALLS];
    json_t *value = some_value(&self->random);
    const char *wrong = NULL;
    int started = 0, rc = 0;

    while (started < CALLS && rc == 0) {
        rc = procspawn_pool_spawn(self->pool, innocent_function, value, &handles[started]);
        started += rc == 0;
    }
    if (rc < 0)
        wrong = seen_code("procspawn_pool_spawn", rc);
    for (int i = 0; i < started; i++) {
        const char *other = join_equal(handles[i], value);
        wrong = wrong ? wrong : other;
    }
    json_decref(value);
    return wrong;
}

/* ---- values ---- */

static json_t *count_up(json_t *argument)
{
    procspawn_sender *sender;
    json_int_t last = json_integer_value(json_array_get(argument, 1));

    if (procspawn_value_claim_sender(json_array_get(argument, 0), &sender) < 0)
        return NULL;
    for (json_int_t i = 0; i < last; i++) {
        json_t *number = json_integer(i);
        procspawn_sender_send(sender, number);
        json_decref(number);
    }
    procspawn_sender_free(sender);
    return json_null();
}

static const char *receive_numbers(procspawn_receiver *receiver, json_int_t last)
{
    for (json_int_t i = 0; i <= last; i++) {
        json_t *value = NULL;
        int rc = procspawn_receiver_recv_timeout(receiver, patience, &value);
        bool right = rc == 0 ? i < last && json_integer_value(value) == i
                             : rc == -EPIPE && i == last;
        json_decref(value);
        if (!right)
            return seen_code("receipt", rc);
    }
    return NULL;
}

static const char *use_channel(struct innocent *self)
{
    procspawn_sender *sender;
    procspawn_receiver *receiver;
    procspawn_handle *handle;
    int rc = procspawn_channel_new(&sender, &receiver);

    if (rc < 0)
        return seen_code("procspawn_channel_new", rc);
    int last = (int)random_below(&self->random, 300);
    json_t *argument = json_pack("[o, i]", procspawn_value_sender(sender), last);
    rc = procspawn(count_up, argument, &handle);
    json_decref(argument);
    procspawn_sender_free(sender);
    const char *wrong = rc < 0 ? seen_code("procspawn", rc) : receive_numbers(receiver, last);
    if (rc == 0) {
        json_t *null = json_null();
        const char *other = join_equal(handle, null);
        wrong = wrong ? wrong : other;
    }
    procspawn_receiver_free(receiver);
    return wrong;
}

static json_t *sum_up(json_t *argument)
{
    procspawn_shmem *shmem;
    json_int_t sum = 0;

    if (procspawn_value_claim_shmem(argument, &shmem) < 0)
        return NULL;
    const unsigned char *bytes = procspawn_shmem_data(shmem);
    for (size_t i = 0; i < procspawn_shmem_size(shmem); i++)
        sum += bytes[i];
    procspawn_shmem_unref(shmem);
    return json_integer(sum);
}

static const char *use_shmem(struct innocent *self)
{
    unsigned char bytes[10000];
    procspawn_shmem *shmem;
    procspawn_handle *handle;
    json_int_t sum = 0;

    random_fill(&self->random, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        sum += bytes[i];
    int rc = procspawn_shmem_new(bytes, sizeof bytes, &shmem);
    if (rc < 0)
        return seen_code("procspawn_shmem_new", rc);
    json_t *argument = procspawn_value_shmem_take(shmem), *expected = json_integer(sum);
    rc = procspawn(sum_up, argument, &handle);
    if (rc < 0)
        procspawn_value_drop(argument);
    const char *wrong = rc < 0 ? seen_code("procspawn", rc) : join_equal(handle, expected);
    json_decref(argument);
    json_decref(expected);
    return wrong;
}

/* ---- streams, deadlines, crashes ---- */

static json_t *print(json_t *argument)
{
    for (json_int_t i = json_integer_value(argument); i > 0; i--)
        printf("line\n");
    return json_incref(argument);
}

/* To the end of the file: no other process may hold the other end. */
static const char *read_to_end(int fd, size_t expected)
{
    int64_t deadline = base__deadline(patience);
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    char buffer[4096];
    size_t count = 0;
    ssize_t n = 1;

    while (n > 0) {
        if (poll(&readable, 1, base__poll_timeout(deadline)) != 1)
            return "no end of the stream";
        n = read(fd, buffer, sizeof buffer);
        count += n > 0 ? (size_t)n : 0;
    }
    return count == expected ? NULL : "another length of the stream";
}

static const char *use_stream(struct innocent *self)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle;
    json_t *lines = json_integer(random_below(&self->random, 3000));

    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    int rc = procspawn_builder_spawn(builder, print, lines, &handle);
    procspawn_builder_free(builder);
    const char *wrong = NULL;
    if (rc == 0) {
        wrong = read_to_end(procspawn_stdout(handle), 5 * (size_t)json_integer_value(lines));
        const char *other = join_equal(handle, lines);
        wrong = wrong ? wrong : other;
    }
    json_decref(lines);
    return rc < 0 ? seen_code("procspawn_builder_spawn", rc) : wrong;
}

static json_t *hang(json_t *argument)
{
    for (;;)
        pause();
    return argument;
}

static json_t *crash(json_t *argument)
{
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return argument;
}

/* A call that must fail in this way; one with a deadline may fail to be made until then. */
static const char *fail(procspawn_builder *builder, procspawn_function *function,
                        enum procspawn_error_kind kind, enum procspawn_cause cause)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = procspawn_builder_spawn(builder, function, NULL, &handle);

    if (rc == -ETIMEDOUT && kind == PROCSPAWN_ERROR_TIMED_OUT)
        return NULL;
    if (rc < 0)
        return seen_code("procspawn_builder_spawn", rc);
    rc = procspawn_join_timeout(handle, patience, &result, &error);
    int waited = procspawn_wait_timeout(handle, patience, NULL);
    procspawn_handle_free(handle);
    if (rc != PROCSPAWN_ECALL)
        return seen_code("join", rc);
    if (procspawn_error_kind(error) != kind || procspawn_error_cause(error) != cause)
        return seen_error(error);
    procspawn_error_free(error);
    return waited < 0 ? seen_code("procspawn_wait_timeout", waited) : NULL;
}

enum { SHORT_MS = 50 };

static const char *pass_deadline(struct innocent *self)
{
    procspawn_builder *builder = procspawn_builder_new();

    (void)self;
    procspawn_builder_total_limit(builder, SHORT_MS * MS);
    const char *wrong = fail(builder, hang, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
    procspawn_builder_free(builder);
    return wrong;
}

static const char *see_crash(struct innocent *self)
{
    procspawn_builder *builder = procspawn_builder_new();

    (void)self;
    const char *wrong = fail(builder, crash, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    procspawn_builder_free(builder);
    return wrong;
}

/* ---- the life of a thread ---- */

static const char *use_map(struct innocent *self)
{
    return innocent_map(&self->random);
}

static const char *use_set(struct innocent *self)
{
    return innocent_set(&self->random);
}

static const char *use_output(struct innocent *self)
{
    return innocent_output(&self->random);
}

static const struct kind {
    enum timed timed;
    const char *(*run)(struct innocent *self);
    int64_t allowed;
} kinds[] = {
    { TIMED_CALL, call, 0 },
    { TIMED_LONG_CALL, call_at_length, 0 },
    { TIMED_NESTED_CALL, call_nested, 0 },
    { TIMED_TYPED_CALL, call_typed, 0 },
    { TIMED_SCOPE, use_scope, 0 },
    { TIMED_POOL_CALL, use_pool, 0 },
    { TIMED_CHANNEL, use_channel, 0 },
    { TIMED_SHMEM, use_shmem, 0 },
    { TIMED_STREAM, use_stream, 0 },
    { TIMED_DEADLINE, pass_deadline, SHORT_MS * MS },
    { TIMED_CRASH, see_crash, 0 },
    { TIMED_MAP, use_map, 0 },
    { TIMED_SET, use_set, 0 },
    { TIMED_OUTPUT, use_output, 0 },
};

static void do_one(struct innocent *self)
{
    const struct kind *kind = &kinds[random_below(&self->random, sizeof kinds / sizeof kinds[0])];

    timed_begin(kind->allowed, "%s", timed_names[kind->timed]);
    const char *wrong = kind->run(self);
    timed_end(kind->timed);
    if (wrong)
        ledger_wrong(CLAIM_INNOCENT, "an innocent %s: %s", timed_names[kind->timed], wrong);
}

void innocent_live(uint64_t seed, int64_t until)
{
    struct innocent self = { .random = { seed } };
    int rc = procspawn_pool_new(2, &self.pool);

    if (rc < 0) {
        ledger_wrong(CLAIM_INNOCENT, "no pool: %s", forkscope_strerror(rc));
        return;
    }
    /* The process that reads output is there from the first pause on. */
    use_output(&self);
    while (base__now() < until)
        do_one(&self);
    timed_begin(0, "the end of an innocent pool");
    procspawn_pool_free(self.pool);
    timed_end(TIMED_POOL_CALL);
}
