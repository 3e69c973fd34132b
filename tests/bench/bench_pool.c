/*
 * bench_pool.c - a call of a warm worker, compared with the same bytes over a socket, and with
 * copies of them
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"

#include <forkscope/bytes.h>
#include <forkscope/pool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <signal.h>
#include <unistd.h>

enum { BATCH = 20, MIB = 1 << 20, CHUNK = 32 * 1024, SMALL = 8 };

static procspawn_pool *pool;
static json_t *string;          /* 1 MiB of text or bytes */
static int sock;                /* a process that sends back what it gets */
static char *bytes;

/* ---- the pool ---- */

static bool call(json_t *argument)
{
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn_pool_spawn(pool, bench_echo, argument, &handle) < 0)
        return false;
    int rc = procspawn_join(handle, &result, NULL);
    procspawn_handle_free(handle);
    bool same = rc == 0 && (!argument || json_equal(result, argument));
    json_decref(result);
    return same;
}

static json_t *make_string(void)
{
    char *text = malloc(MIB + 1);

    if (!text)
        return NULL;
    for (size_t i = 0; i < MIB; i++)
        text[i] = (char)('a' + i % 26);
    text[MIB] = '\0';
    json_t *value = json_string(text);
    free(text);
    return value;
}

static bool open_pool(void)
{
    return bench_init() && procspawn_pool_new(1, &pool) == 0 && call(NULL);
}

static bool open_pool_and_string(void)
{
    string = make_string();
    return string && open_pool() && call(string);
}

static double empty_calls(void)
{
    double start = bench_now();

    for (int i = 0; i < BATCH; i++) {
        if (!call(NULL))
            return -1;
    }
    return (bench_now() - start) / BATCH;
}

static double large_call(void)
{
    double start = bench_now();
    return call(string) ? bench_now() - start : -1;
}

/* ---- bytes ---- */

static bool open_pool_and_bytes(void)
{
    char *data = malloc(MIB);

    if (!data)
        return false;
    memset(data, 0xff, MIB);
    string = procspawn_value_bytes_take(data, MIB);
    return string && open_pool() && call(string);
}

/* The result is compared with the argument when the time is taken. */
static double bytes_call(void)
{
    procspawn_handle *handle;
    json_t *result = NULL;
    double start = bench_now();

    if (procspawn_pool_spawn(pool, bench_echo, string, &handle) < 0)
        return -1;
    int rc = procspawn_join(handle, &result, NULL);
    procspawn_handle_free(handle);
    double took = bench_now() - start;
    bool same = rc == 0 && json_equal(result, string);
    json_decref(result);
    return same ? took : -1;
}

static char *copies[3];

static bool open_copies(void)
{
    for (int i = 0; i < 3; i++) {
        copies[i] = malloc(MIB);
        if (!copies[i])
            return false;
        memset(copies[i], i, MIB);
    }
    return true;
}

static double two_copies(void)
{
    double start = bench_now();

    for (int i = 0; i < 2; i++) {
        memcpy(copies[i + 1], copies[i], MIB);
        __asm__ volatile("" : : "r"(copies[i + 1]) : "memory");
    }
    return bench_now() - start;
}

/* ---- calls that start fresh ---- */

static bool open_fresh_pool(void)
{
    procspawn_pool_builder *builder = bench_init() ? procspawn_pool_builder_new(1) : NULL;

    if (!builder)
        return false;
    procspawn_pool_builder_fresh(builder);
    int rc = procspawn_pool_builder_build(builder, &pool);
    procspawn_pool_builder_free(builder);
    return rc == 0 && call(NULL);
}

/* ---- the socket ---- */

/* Sends back what came once all of it is there. */
static void __attribute__((noreturn)) serve(int fd, size_t length)
{
    for (;;) {
        for (size_t got = 0; got < length;) {
            ssize_t n = read(fd, bytes + got, length - got);
            if (n <= 0)
                _exit(0);
            got += (size_t)n;
        }
        for (size_t sent = 0; sent < length;) {
            size_t chunk = length - sent < CHUNK ? length - sent : CHUNK;
            ssize_t n = write(fd, bytes + sent, chunk);
            if (n <= 0)
                _exit(0);
            sent += (size_t)n;
        }
    }
}

static bool open_socket(size_t length)
{
    int ends[2];

    bytes = malloc(2 * length);
    if (!bytes || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    memset(bytes, 'a', 2 * length);
    sock = ends[0];
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        serve(ends[1], length);
    }
    close(ends[1]);
    return pid > 0;
}

static bool open_small_socket(void)
{
    return open_socket(SMALL);
}

static bool transfer(size_t length)
{
    for (size_t sent = 0; sent < length;) {
        size_t chunk = length - sent < CHUNK ? length - sent : CHUNK;
        ssize_t n = write(sock, bytes + sent, chunk);
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    for (size_t got = 0; got < length;) {
        ssize_t n = read(sock, bytes + got, length - got);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static double round_trips(void)
{
    double start = bench_now();

    for (int i = 0; i < BATCH; i++) {
        if (!transfer(SMALL))
            return -1;
    }
    return (bench_now() - start) / BATCH;
}

static bool open_large_socket(void)
{
    string = make_string();
    return string && open_socket(MIB + 2);
}

/* What no such call can do without: two dumps, two loads, and the way there and back. */
static bool dump_and_load(void)
{
    char *text = json_dumps(string, JSON_COMPACT | JSON_ENCODE_ANY);
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    bool same = value && json_equal(value, string);

    json_decref(value);
    free(text);
    return same;
}

static double large_transfer(void)
{
    double start = bench_now();
    bool ok = dump_and_load() && transfer(MIB + 2) && dump_and_load();
    return ok ? bench_now() - start : -1;
}

const struct pair bench_pool_pairs[] = {
    { .name = "pool.call.vs_socket", .subject = { "procspawn_pool_spawn+join", open_pool,
      empty_calls }, .baseline = { "SEQPACKET round trip", open_small_socket, round_trips },
      .samples = 2000, .quick_samples = 400, .pause = 200 },
    { .name = "pool.call_1mib.vs_socket", .subject = { "procspawn_pool_spawn+join, 1 MiB",
      open_pool_and_string, large_call }, .baseline = { "SEQPACKET round trip+2 dumps+2 loads",
      open_large_socket, large_transfer }, .samples = 100, .quick_samples = 25, .pause = 200 },
    { .name = "pool.bytes_1mib.vs_memcpy", .subject = { "procspawn_pool_spawn+join, 1 MiB of bytes",
      open_pool_and_bytes, bytes_call }, .baseline = { "two memcpy(3)", open_copies, two_copies },
      .samples = 400, .quick_samples = 100, .pause = 200 },
    { .name = "fresh.call.vs_fork", .subject = { "a call that starts fresh", open_fresh_pool,
      empty_calls }, .baseline = { "fork+_exit+waitpid", NULL, bench_forks_in_a_row },
      .samples = 500, .quick_samples = 100, .pause = 200 },
    { .name = NULL }
};
