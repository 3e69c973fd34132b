/*
 * processes_values.c - values in calls that are not JSON: channels, shared buffers, descriptors;
 * and typed calls
 */
#include "tests/random/processes.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool is_shortage(int rc)
{
    return weather_is_short() && (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM ||
                                  rc == -EAGAIN || rc == -ETOOMANYREFS || rc == PROCSPAWN_EJSON);
}

static json_int_t item(const json_t *argument, size_t index)
{
    return json_integer_value(json_array_get(argument, index));
}

/* A call of another function than work(): its family is unknown, and it has no deadline. */
static bool start(procspawn_function *function, json_t *argument, procspawn_handle **ret_handle)
{
    int64_t since = base__now();
    int rc = IN_LIBRARY(0, procspawn(function, argument, ret_handle));
    EXPECT(rc == 0 || is_shortage(rc) || (rc == PROCSPAWN_ESERVER && weather_lost_since(since)),
           "a call with values is refused: %s", forkscope_strerror(rc));
    atomic_fetch_add(rc == 0 ? &board->calls : &board->refused, 1);
    return rc == 0;
}

/* NULL: it failed as it may in this weather, or was killed. */
static json_t *finish(procspawn_handle *handle, int64_t since, bool killed)
{
    json_t *result = NULL;
    procspawn_error *error = NULL;
    bool starved = false;
    int rc;
    while (is_shortage(rc = IN_LIBRARY(3 * BASE_SECOND, procspawn_join(handle, &result, &error)))) {
        starved |= rc == -ENOMEM;
        poll(NULL, 0, 1);
    }
    EXPECT(rc == 0 || rc == PROCSPAWN_ECALL, "a join returned %d", rc);
    if (rc == 0) {
        atomic_fetch_add(&board->endings[ENDED_RESULT], 1);
        return result;
    }
    enum procspawn_error_kind kind = procspawn_error_kind(error);
    EXPECT((kind == PROCSPAWN_ERROR_SERVER_LOST && weather_lost_since(since)) ||
               (kind == PROCSPAWN_ERROR_REMOTE_CLOSE && (board->weather.strikes || killed)) ||
               (kind == PROCSPAWN_ERROR_CONSUMED && starved) ||
               ((kind == PROCSPAWN_ERROR_SETUP || kind == PROCSPAWN_ERROR_PANIC ||
                 kind == PROCSPAWN_ERROR_IO) &&
                weather_is_short()),
           "a call with values fails: %s: %s", procspawn_error_kind_name(kind),
           procspawn_error_message(error));
    procspawn_error_free(error);
    atomic_fetch_add(&board->endings[ENDED_CLOSED], 1);
    return NULL;
}

/* ---- channels ---- */

static json_t *count_up(json_t *argument)
{
    procspawn_sender *sender;
    json_int_t first = item(argument, 1), last = first + item(argument, 2);
    if (procspawn_value_claim_sender(json_array_get(argument, 0), &sender) < 0)
        return NULL;
    for (json_int_t i = first; i < last; i++) {
        json_t *number = json_integer(i);
        int rc = procspawn_sender_send(sender, number);
        json_decref(number);
        if (rc == -EPIPE)
            break;
        if (rc < 0)
            procspawn_panic("send: %s", forkscope_strerror(rc));
    }
    procspawn_sender_free(sender);
    return json_null();
}

/* How many there were, in order; all, if the sender was let live. */
static json_int_t receive(struct dice *dice, procspawn_receiver *receiver, json_int_t first,
                          json_int_t most)
{
    json_int_t count = 0, lost = 0;
    while (count < most) {
        int64_t patience = (int64_t)dice_roll(dice, 50) * MS;
        json_t *value = NULL;
        int rc = IN_LIBRARY(patience, procspawn_receiver_recv_timeout(receiver, patience, &value));
        if (rc == -EPIPE)
            break;
        EXPECT(rc == 0 || rc == -ETIMEDOUT || is_shortage(rc), "a receipt returned %d", rc);
        lost += rc == PROCSPAWN_EJSON;
        if (rc < 0)
            continue;
        json_int_t number = json_integer_value(value) - first;
        EXPECT(number >= count && number <= count + lost, "message %lld instead of %lld, %lld lost",
               (long long)number, (long long)count, (long long)lost);
        lost -= number - count;
        count = number + 1;
        json_decref(value);
    }
    return count;
}

static void use_channel(struct dice *dice)
{
    procspawn_sender *sender;
    procspawn_receiver *receiver;
    procspawn_handle *handle;
    json_int_t first = (json_int_t)dice_roll(dice, 1 << 30),
               count = (json_int_t)dice_roll(dice, 3000);
    int64_t since = base__now();
    int rc = IN_LIBRARY(0, procspawn_channel_new(&sender, &receiver));
    EXPECT(rc == 0 || is_shortage(rc), "a channel is refused: %d", rc);
    if (rc < 0)
        return;
    json_t *argument = json_pack("[o, I, I]", procspawn_value_sender(sender), first, count);
    bool started = start(count_up, argument, &handle), stops = dice_one_in(dice, 4),
         kills = dice_one_in(dice, 4);
    json_decref(argument);
    procspawn_sender_free(sender);
    if (started) {
        if (kills)
            procspawn_kill(handle);
        json_int_t got = receive(dice, receiver, first, stops ? count / 2 : count);
        if (stops) {
            procspawn_receiver_free(receiver);
            receiver = NULL;
        }
        json_t *result = finish(handle, since, kills);
        EXPECT(result == NULL || stops || got == count || weather_is_short(),
               "%lld messages of %lld", (long long)got, (long long)count);
        json_decref(result);
        procspawn_handle_free(handle);
    }
    procspawn_receiver_free(receiver);
}

/* ---- buffers ---- */

static json_int_t sum(const unsigned char *bytes, size_t size)
{
    json_int_t total = 0;
    for (size_t i = 0; i < size; i++)
        total += bytes[i];
    return total;
}

/* The sum of what came, and a buffer with each byte one more. */
static json_t *add_one(json_t *argument)
{
    procspawn_shmem *shmem, *result;
    if (procspawn_value_claim_shmem(argument, &shmem) < 0)
        return NULL;
    size_t size = procspawn_shmem_size(shmem);
    const unsigned char *bytes = procspawn_shmem_data(shmem);
    unsigned char *more = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        more[i] = (unsigned char)(bytes[i] + 1);
    json_int_t total = sum(bytes, size);
    procspawn_shmem_unref(shmem);
    if (procspawn_shmem_new(more, size, &result) < 0)
        procspawn_panic("no buffer");
    free(more);
    return json_pack("[I, o]", total, procspawn_value_shmem_take(result));
}

static void check_buffer(const json_t *result, const unsigned char *bytes, size_t size)
{
    procspawn_shmem *shmem;
    EXPECT(item(result, 0) == sum(bytes, size), "another sum");
    int rc = IN_LIBRARY(0, procspawn_value_claim_shmem(json_array_get(result, 1), &shmem));
    EXPECT(rc == 0 || (rc == -ENOMEM && weather_is_short()),
           "a buffer that came cannot be taken: %d", rc);
    if (rc < 0)
        return;
    const unsigned char *theirs = procspawn_shmem_data(shmem);
    EXPECT(procspawn_shmem_size(shmem) == size, "another size");
    for (size_t i = 0; i < size; i++)
        EXPECT(theirs[i] == (unsigned char)(bytes[i] + 1), "byte %zu is another", i);
    procspawn_shmem_unref(shmem);
}

static void use_buffer(struct dice *dice)
{
    procspawn_shmem *shmem;
    procspawn_handle *handle;
    int64_t since = base__now();
    size_t size = dice_roll(dice, dice_one_in(dice, 4) ? 2000000 : 5000);
    unsigned char *bytes = malloc(size + 1), first = (unsigned char)dice_roll(dice, 256);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(first + i * 7);
    int rc = IN_LIBRARY(0, procspawn_shmem_new(bytes, size, &shmem));
    EXPECT(rc == 0 || is_shortage(rc), "a buffer is refused: %d", rc);
    if (rc == 0) {
        json_t *argument = procspawn_value_shmem(shmem);
        bool started = start(add_one, argument, &handle);
        json_decref(argument);
        procspawn_shmem_unref(shmem);
        json_t *result = started ? finish(handle, since, false) : NULL;
        if (result != NULL && !dice_one_in(dice, 4))
            check_buffer(result, bytes, size);
        json_decref(result);
        if (started)
            procspawn_handle_free(handle);
    }
    free(bytes);
}

/* ---- descriptors ---- */

/* Reads a number from each, and gives one back that has their sum. */
static json_t *add_up(json_t *argument)
{
    int64_t total = 0, number;
    int fd;
    for (size_t i = 0; i < json_array_size(argument); i++) {
        if (procspawn_value_claim_fd(json_array_get(argument, i), &fd) < 0 ||
            pread(fd, &number, sizeof number, 0) != sizeof number)
            procspawn_panic("a descriptor is not what it should be");
        total += number;
        close(fd);
    }
    fd = memfd_create("sum", MFD_CLOEXEC);
    if (fd < 0 || write(fd, &total, sizeof total) != sizeof total)
        procspawn_panic("no descriptor");
    return procspawn_value_fd_take(fd);
}

static int memfd_with(int64_t number)
{
    int fd = memfd_create("number", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, &number, sizeof number) != sizeof number) {
        close(fd);
        return -1;
    }
    return fd;
}

static void check_sum(const json_t *result, int64_t total)
{
    int64_t number = -1;
    int fd;
    EXPECT(procspawn_value_claim_fd(result, &fd) == 0, "a descriptor did not come");
    EXPECT(pread(fd, &number, sizeof number, 0) == sizeof number && number == total,
           "another descriptor");
    EXPECT(procspawn_value_claim_fd(result, &fd) == PROCSPAWN_EVALUE, "a descriptor came twice");
    close(fd);
}

static void use_descriptors(struct dice *dice)
{
    enum { MOST = 12 };
    procspawn_handle *handle;
    int64_t since = base__now(), total = 0;
    json_t *argument = json_array(), *result = NULL;
    bool complete = true, started = false;
    for (uint64_t i = dice_roll(dice, MOST + 1); i > 0 && complete; i--) {
        int64_t number = (int64_t)dice_roll(dice, 1 << 30);
        int fd = memfd_with(number);
        EXPECT(fd >= 0 || weather_is_short(), "no descriptor");
        complete = fd >= 0;
        total += number;
        if (complete)
            json_array_append_new(argument, procspawn_value_fd_take(fd));
    }
    if (complete)
        started = start(add_up, argument, &handle);
    if (!started)
        procspawn_value_drop(argument);
    json_decref(argument);
    if (started)
        result = finish(handle, since, false);
    if (result != NULL && !dice_one_in(dice, 4))
        check_sum(result, total);
    json_decref(result);
    if (started)
        procspawn_handle_free(handle);
}

void values_act(struct actor *actor)
{
    switch (dice_roll(&actor->dice, 3)) {
    case 0:
        use_channel(&actor->dice);
        break;
    case 1:
        use_buffer(&actor->dice);
        break;
    default:
        use_descriptors(&actor->dice);
    }
}

/* ---- typed calls ---- */

PROCSPAWN_DEFINE_STATIC(mix, string, (int64, a), (uint64, b), (double, c), (bool, d),
                        (string, text))
{
    char *result = NULL;
    if (asprintf(&result, "%lld %llu %g %d %s", (long long)a, (unsigned long long)b, c, d, text) <
        0)
        procspawn_panic("no memory");
    return result;
}

PROCSPAWN_DEFINE_STATIC(nothing, void, (int8, small))
{
    if (small == 1)
        _exit(3);
}

static bool typed_refused(int rc, int64_t since)
{
    return is_shortage(rc) || (rc == PROCSPAWN_ESERVER && weather_lost_since(since));
}

static bool typed_failed(procspawn_error *error, int64_t since)
{
    enum procspawn_error_kind kind = procspawn_error_kind(error);
    bool allowed = (kind == PROCSPAWN_ERROR_SERVER_LOST && weather_lost_since(since)) ||
                   (kind == PROCSPAWN_ERROR_REMOTE_CLOSE && board->weather.strikes) ||
                   weather_is_short();
    procspawn_error_free(error);
    return allowed;
}

/* The function has done as its argument told it, or failed as typed_failed allows. */
static bool nothing_failed(procspawn_error *error, int64_t small, int64_t since)
{
    if (small != 1 || procspawn_error_exit_status(error) != 3)
        return typed_failed(error, since);
    procspawn_error_free(error);
    return true;
}

static void call_mix(struct dice *dice)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    int64_t a = (int64_t)dice_roll(dice, UINT64_MAX), since = base__now();
    uint64_t b = dice_roll(dice, UINT64_MAX);
    bool d = dice_one_in(dice, 2);
    char *expected = mix(a, b, 0.5, d, "text \xc3\xa4"), *result = NULL;
    int rc = IN_LIBRARY(0, mix_spawn(a, b, 0.5, d, "text \xc3\xa4", &handle));
    EXPECT(rc == 0 || typed_refused(rc, since), "a typed call is refused: %d", rc);
    if (rc == 0) {
        while (is_shortage(rc = IN_LIBRARY(3 * BASE_SECOND, mix_join(handle, &result, &error))))
            poll(NULL, 0, 1);
        EXPECT(rc == 0 ? strcmp(result, expected) == 0
                       : rc == PROCSPAWN_ECALL && typed_failed(error, since),
               "a typed call returned %d: %s", rc, rc == 0 ? result : "");
        procspawn_handle_free(handle);
        free(result);
    }
    free(expected);
}

static void call_nothing(struct dice *dice)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    int64_t small = (int64_t)dice_roll(dice, 200) - 20, since = base__now();
    int rc = IN_LIBRARY(0, nothing_spawn(small, &handle));
    EXPECT((rc == PROCSPAWN_ERANGE) == (small > INT8_MAX), "%lld as int8: %d", (long long)small,
           rc);
    EXPECT(rc == 0 || rc == PROCSPAWN_ERANGE || typed_refused(rc, since),
           "a typed call is refused: %d", rc);
    if (rc < 0)
        return;
    while (is_shortage(rc = IN_LIBRARY(3 * BASE_SECOND, nothing_join(handle, &error))))
        poll(NULL, 0, 1);
    EXPECT(rc == 0 ? small != 1
                   : rc == PROCSPAWN_ECALL && nothing_failed(error, small, since),
           "a typed call returned %d", rc);
    procspawn_handle_free(handle);
}

void typed_act(struct actor *actor)
{
    if (dice_one_in(&actor->dice, 2))
        call_mix(&actor->dice);
    else
        call_nothing(&actor->dice);
}
