/*
 * 44_deaths.c - ten deaths of a called function, and what its caller learns of each
 *
 * Shows the accessors of an error: what ended the process, why in a sentence, where, and what a
 * thread waited for. Prints a line for each death: cause; message; reason; the innermost functions
 * of the program. Long numbers, which differ each time, are shown as "...". With -v it prints the
 * whole report, with registers and all threads, as procspawn_error_print_all() does.
 */
#include <assert.h>
#include <ctype.h>
#include <forkscope.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __clang__
#define FRAME __attribute__((noinline))
#else
#define FRAME __attribute__((noinline, noclone))
#endif

struct account {
    char owner[16];
    volatile long balance;
};

static struct account *volatile no_account;
static volatile int zero, depth;
static const char *const volatile label = "read-only";
static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_have_one;

static FRAME void deposit(struct account *account)
{
    account->balance = 100;
}

static json_t *writes_to_a_member_of_null(json_t *argument)
{
    deposit(no_account);
    return argument;
}

static json_t *calls_what_is_no_function(json_t *argument)
{
    void (*volatile function)(void) = (void (*)(void))(uintptr_t)0xdead;

    function();
    return argument;
}

static FRAME int average(int sum, int count)
{
    return sum / count;
}

static json_t *divides_by_zero(json_t *argument)
{
    zero = average(10, zero);
    return argument;
}

static json_t *writes_to_a_constant(json_t *argument)
{
    *(volatile char *)(uintptr_t)label = 'R';
    return argument;
}

static json_t *frees_twice(json_t *argument)
{
    void *volatile block = malloc(32);

    free(block);
    free(block);
    return argument;
}

static FRAME void check(const json_t *argument)
{
    assert(json_is_object(argument));
}

static json_t *fails_an_assertion(json_t *argument)
{
    check(argument);
    return json_null();
}

static FRAME int descend(int level)
{
    volatile char room[512];

    room[0] = (char)level;
    depth = level;
    return level < 1000000000 ? descend(level + 1) + room[0] : 0;
}

static json_t *recurses_for_ever(json_t *argument)
{
    descend(0);
    return argument;
}

static json_t *calls_exit(json_t *argument)
{
    (void)argument;
    exit(3);
}

static json_t *is_killed(json_t *argument)
{
    kill(getpid(), SIGKILL);
    return argument;
}

static FRAME void take(pthread_mutex_t *one, pthread_mutex_t *other)
{
    pthread_mutex_lock(one);
    pthread_barrier_wait(&both_have_one);
    pthread_mutex_lock(other);
    depth = 0;
}

static void *take_backwards(void *nothing)
{
    pthread_setname_np(pthread_self(), "backwards");
    take(&second, &first);
    return nothing;
}

static json_t *hangs_in_a_deadlock(json_t *argument)
{
    pthread_t thread;

    pthread_barrier_init(&both_have_one, NULL, 2);
    pthread_create(&thread, NULL, take_backwards, NULL);
    take(&first, &second);
    return argument;
}

/* ---- what the caller learns ---- */

/* Addresses, ids and lines differ from run to run; short numbers do not. */
static void print_stable(const char *text)
{
    while (*text) {
        size_t prefix = strncmp(text, "0x", 2) == 0 ? 2 : 0;
        size_t length = prefix + strspn(text + prefix, prefix ? "0123456789abcdef" : "0123456789");

        if (length == 0)
            putchar(*text++);
        else if (length >= prefix + (prefix ? 5 : 3))
            fputs("...", stdout);
        else
            printf("%.*s", (int)length, text);
        text += length;
    }
}

static void print_functions(const procspawn_error *error)
{
    struct procspawn_frame frame;
    const char *before = "";
    int shown = 0;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0 && shown < 2; i++) {
        if (frame.thread != 0 || frame.owner != PROCSPAWN_FRAME_PROGRAM || !frame.symbol ||
            strcmp(frame.symbol, before) == 0)
            continue;
        printf("%s%s", shown++ == 0 ? "\n    in " : " <- ", frame.name ? frame.name : frame.symbol);
        before = frame.symbol;
    }
}

static void print_waiting(const procspawn_error *error)
{
    struct procspawn_thread thread;

    for (size_t i = 0; procspawn_error_thread(error, i, &thread) == 0; i++) {
        if (!*thread.waits)
            continue;
        printf("\n    thread %zu ", i);
        print_stable(thread.waits);
    }
}

static void print_death(const procspawn_error *error)
{
    const char *text = strrchr(procspawn_error_message(error), '/');

    printf("%s: ", procspawn_error_cause_name(procspawn_error_cause(error)));
    print_stable(text ? text + 1 : procspawn_error_message(error));
    if (*procspawn_error_reason(error)) {
        fputs("\n    ", stdout);
        print_stable(procspawn_error_reason(error));
    }
    print_functions(error);
    print_waiting(error);
    puts("");
}

static const struct {
    const char *what;
    procspawn_function *function;
} deaths[] = {
    { "a member of NULL", writes_to_a_member_of_null },
    { "no function", calls_what_is_no_function },
    { "division", divides_by_zero },
    { "a constant", writes_to_a_constant },
    { "the heap", frees_twice },
    { "an assertion", fails_an_assertion },
    { "recursion", recurses_for_ever },
    { "exit", calls_exit },
    { "kill", is_killed },
    { "a deadlock", hangs_in_a_deadlock },
};

int main(int argc, char **argv)
{
    struct procspawn_call_options options = { .run_limit = FORKSCOPE_S, .capture_limit = 4096 };
    int verbose = argc > 1 && strcmp(argv[1], "-v") == 0;

    if (procspawn_init(argc, argv) < 0)
        return 1;
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        struct procspawn_result result;

        procspawn_call_with(&options, deaths[i].function, NULL, &result);
        if (!result.error)
            return printf("%s: no error\n", deaths[i].what), 1;
        printf("%s: ", deaths[i].what);
        if (verbose)
            procspawn_error_print_all(result.error, stdout);
        else
            print_death(result.error);
        procspawn_result_fini(&result);
    }
    return procspawn_fini() == 0 ? 0 : 1;
}
