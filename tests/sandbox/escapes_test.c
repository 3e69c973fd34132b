/*
 * escapes_test.c - attempts to get out of each profile, as root and as another user, in calls and
 * in a pool's worker
 */
#include "tests/sandbox/escapes.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/sandbox_helpers.h"
#include "tests/support/sanitizer.h"
#include "tests/support/somebody.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct escape_table *const tables[] = {
    &escapes_by_path, &escapes_by_descriptor, &escapes_by_memory, &escapes_to_processes,
    &escapes_by_birth, &escapes_by_socket, &escapes_by_tcp, &escapes_by_handed_socket,
    &escapes_to_kernel, &escapes_by_number,
};

enum { TABLES = sizeof tables / sizeof tables[0], NOBODY = 65534 };

/* ---- the child ---- */

/* [table, row, descriptor or null] */
static json_t *attempts(json_t *argument)
{
    json_int_t table = json_integer_value(json_array_get(argument, 0));
    json_int_t row = json_integer_value(json_array_get(argument, 1));
    int handed = -1;

    procspawn_value_claim_fd(json_array_get(argument, 2), &handed);
    int result = tables[table]->escapes[row].attempt(handed);
    if (handed >= 0)
        close(handed);
    return json_integer(result);
}

static json_t *argument_of(size_t table, size_t row)
{
    enum escape_hand hand = tables[table]->escapes[row].hand;
    json_t *handed = hand == HAND_NOTHING ? json_null()
                                          : procspawn_value_fd(escape_world.descriptors[hand]);

    return json_pack("[i, i, o]", (int)table, (int)row, handed);
}

/* ---- the sandbox ---- */

static enum procspawn_denial denial;
static enum procspawn_sandbox profile;

static void configure(procspawn_builder *builder)
{
    const struct rlimit memory = { (rlim_t)1 << 39, (rlim_t)1 << 39 };
    const struct rlimit file = { 1 << 30, 1 << 30 };
    const unsigned all = PROCSPAWN_PATH_READ | PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE;

    procspawn_builder_sandbox(builder, profile);
    procspawn_builder_denial(builder, denial);
    procspawn_builder_rlimit(builder, RLIMIT_AS, &memory);
    procspawn_builder_rlimit(builder, RLIMIT_FSIZE, &file);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_path(builder, escape_world.in, all), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_path(builder, escape_world.made,
                                                 PROCSPAWN_PATH_READ | PROCSPAWN_PATH_CREATE), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_path(builder, escape_world.written,
                                                 PROCSPAWN_PATH_WRITE), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_port(builder, escape_world.connect_port, false), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_port(builder, escape_world.listen_port, true), 0);
}

/* One of them is set. */
static procspawn_builder *process;
static procspawn_pool *pool;

static void open_way(enum sandbox_way way)
{
    if (way == SANDBOX_POOL) {
        procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
        CU_ASSERT_FATAL(builder != NULL);
        configure(procspawn_pool_builder_process(builder));
        pool = pool_build(builder);
    } else {
        process = procspawn_builder_new();
        CU_ASSERT_FATAL(process != NULL);
        configure(process);
    }
}

static void close_way(void)
{
    procspawn_pool_free(pool);
    procspawn_builder_free(process);
    pool = NULL;
    process = NULL;
}

/* ---- outcomes ---- */

static int outcome_of(const struct procspawn_result *result)
{
    if (result->value)
        return (int)json_integer_value(result->value);
    if (procspawn_error_is_violation(result->error))
        return procspawn_error_syscall_number(result->error) < 0 ? KILLED : VIOLATION;
    switch (procspawn_error_signal(result->error)) {
    case SIGSEGV:
    case SIGBUS:
        return CRASHED;
    default:
        return LEFT;
    }
}

static bool has_all_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    return geteuid() == 0 && syscall(SYS_capget, &header, data) == 0 &&
           data[0].effective & 1U << CAP_SYS_ADMIN && data[0].effective & 1U << CAP_SYS_PTRACE &&
           data[0].effective & 1U << CAP_NET_ADMIN;
}

static int expected_of(const struct escape *escape)
{
    int expected = escape->expected[profile];

    if (denial == PROCSPAWN_DENIAL_FAIL && (expected == VIOLATION || expected == KILLED))
        expected = escape->failed == 0 ? EPERM : escape->failed;
    if (expected == GOES_ON)
        return DID;
    return expected == IF_ROOT ? has_all_capabilities() ? DID : ANY : expected;
}

/* Is the violation's system call the one that was attempted? */
static bool is_named(const struct escape *escape, const struct procspawn_result *result)
{
    const char *name = procspawn_error_syscall(result->error);

    return name && (!escape->system_call || strcmp(name, escape->system_call) == 0);
}

static void judge(const struct escape *escape, int expected, const struct procspawn_result *result)
{
    int outcome = outcome_of(result);
    bool agrees = expected == EITHER || (expected == ANY ? outcome != LEFT : outcome == expected);

    if (agrees && outcome == VIOLATION && expected != ANY)
        agrees = is_named(escape, result);
    CU_ASSERT(agrees);
    if (agrees)
        return;
    printf("    %s: %d (%s), not %d\n", escape->name, outcome,
           outcome > 0 ? strerror(outcome) : "", expected);
    if (result->error)
        procspawn_error_print(result->error, stdout);
}

static void try_one(size_t table, size_t row)
{
    const struct escape *escape = &tables[table]->escapes[row];
    const struct procspawn_call_options options = { .builder = process, .pool = pool,
                                                    .take_argument = true };
    const int expected = expected_of(escape);
    struct procspawn_result result;

    if (expected == SKIP)
        return;
    procspawn_call_with(&options, attempts, argument_of(table, row), &result);
    judge(escape, expected, &result);
    procspawn_result_fini(&result);
    if (expected != DID && profile != PROCSPAWN_SANDBOX_NONE)
        escape_world_check(escape->name);
    escape_world_mend();
}

static void try_all(enum procspawn_sandbox of, enum procspawn_denial with, enum sandbox_way way)
{
    profile = of;
    denial = with;
    open_way(way);
    for (size_t table = 0; table < TABLES; table++) {
        for (size_t row = 0; row < tables[table]->count; row++)
            try_one(table, row);
    }
    close_way();
}

/* ---- the tests ---- */

static void without_a_sandbox_the_attempts_get_out(void)
{
    if (sanitizer_skips("it stands between some attempts and the kernel"))
        return;
    try_all(PROCSPAWN_SANDBOX_NONE, PROCSPAWN_DENIAL_END, SANDBOX_CALL);
}

#define ALL_FAIL(name, of, with, way) \
    static void name(void) \
    { \
        try_all(PROCSPAWN_SANDBOX_##of, PROCSPAWN_DENIAL_##with, SANDBOX_##way); \
    }

ALL_FAIL(nothing_gets_out_of_compute, COMPUTE, END, CALL)
ALL_FAIL(nothing_gets_out_of_files, FILES, END, CALL)
ALL_FAIL(nothing_gets_out_of_network, NETWORK, END, CALL)
ALL_FAIL(nothing_gets_out_of_a_worker_in_compute, COMPUTE, END, POOL)
ALL_FAIL(nothing_gets_out_of_a_worker_in_files, FILES, END, POOL)
ALL_FAIL(nothing_gets_out_of_a_worker_in_network, NETWORK, END, POOL)
ALL_FAIL(nothing_that_fails_gets_out_of_compute, COMPUTE, FAIL, CALL)
ALL_FAIL(nothing_that_fails_gets_out_of_network, NETWORK, FAIL, CALL)
ALL_FAIL(nothing_that_fails_gets_out_of_a_worker, NETWORK, FAIL, POOL)

/* ---- threads that change what another has handed to the kernel ---- */

static char path[16];

static void *changes_the_path(void *going)
{
    static const char secret[] = "/etc/shadow";

    while (__atomic_load_n((bool *)going, __ATOMIC_RELAXED)) {
        memcpy(path, secret, sizeof secret);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        path[0] = '\0';
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* Returns how often it saw another file than its standard input. */
static json_t *races(json_t *argument)
{
    enum { ROUNDS = 5000 };
    struct stat own, status;
    bool going = true;
    pthread_t thread;
    json_int_t seen = 0;

    (void)argument;
    fstat(STDIN_FILENO, &own);
    if (pthread_create(&thread, NULL, changes_the_path, &going) != 0)
        return NULL;
    for (int i = 0; i < ROUNDS; i++) {
        if (fstatat(STDIN_FILENO, path, &status, AT_EMPTY_PATH) == 0)
            seen += status.st_ino != own.st_ino || status.st_dev != own.st_dev;
    }
    __atomic_store_n(&going, false, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    return json_integer(seen);
}

static void a_thread_that_changes_the_path_sees_no_other_file(void)
{
    profile = PROCSPAWN_SANDBOX_COMPUTE;
    denial = PROCSPAWN_DENIAL_FAIL;
    open_way(SANDBOX_CALL);
    procspawn_builder_sandbox_allow(process, PROCSPAWN_ALLOW_THREADS);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(process, races, NULL)), 0);
    close_way();
}

/* ---- suites ---- */

static void begin(void)
{
    procspawn_config *config = procspawn_config_new();

    escape_world_make();
    procspawn_config_resolve_backtraces(config, false);
    procspawn_config_start_timeout(config, CALLS_START_TIMEOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
}

/* A process that changes its user may not be examined, until it says so. */
static void begin_as_nobody(void)
{
    if (geteuid() == 0)
        become(NOBODY);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    begin();
}

static void end(void)
{
    calls_end();
    escape_world_remove();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(without_a_sandbox_the_attempts_get_out),
    TEST(nothing_gets_out_of_compute),
    TEST(nothing_gets_out_of_files),
    TEST(nothing_gets_out_of_network),
    TEST(nothing_gets_out_of_a_worker_in_compute),
    TEST(nothing_gets_out_of_a_worker_in_files),
    TEST(nothing_gets_out_of_a_worker_in_network),
    TEST(nothing_that_fails_gets_out_of_compute),
    TEST(nothing_that_fails_gets_out_of_network),
    TEST(nothing_that_fails_gets_out_of_a_worker),
    TEST(a_thread_that_changes_the_path_sees_no_other_file),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "escapes", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    { .pName = "escapes of another user", .pSetUpFunc = begin_as_nobody, .pTearDownFunc = end,
      .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
