/*
 * call_helpers.c - calls, their outcomes and their processes, as the tests need them
 */
#include "tests/support/call_helpers.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* `make check-spares` runs the tests with other numbers of spares. */
void calls_begin(void)
{
    const char *spares = getenv("CALLS_SPARES");
    procspawn_config *config = procspawn_config_new();

    CU_ASSERT_FATAL(config != NULL);
    if (spares)
        procspawn_config_spares(config, atoi(spares));
    procspawn_config_start_timeout(config, CALLS_START_TIMEOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
}

void calls_end(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
}

procspawn_handle *calls_build(procspawn_builder *builder, procspawn_function *function,
                              json_t *argument)
{
    procspawn_handle *handle = NULL;
    int rc = procspawn_builder_spawn(builder, function, argument, &handle);

    json_decref(argument);
    if (!PROCSPAWN_CUNIT_EQUAL(rc, 0))
        CU_FAIL_FATAL("no call, no test");
    return handle;
}

procspawn_handle *calls_start(procspawn_function *function, json_t *argument)
{
    return calls_build(NULL, function, argument);
}

json_t *calls_result(procspawn_handle *handle)
{
    json_t *result = NULL;
    procspawn_error *error = NULL;
    int rc = procspawn_join(handle, &result, &error);

    if (error)
        procspawn_error_print(error, stderr);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    if (!PROCSPAWN_CUNIT_EQUAL(rc, 0))
        CU_FAIL_FATAL("the call has failed");
    return result;
}

json_int_t calls_integer(procspawn_handle *handle)
{
    json_t *result = calls_result(handle);
    json_int_t value = json_integer_value(result);

    CU_ASSERT(json_is_integer(result));
    json_decref(result);
    return value;
}

procspawn_error *calls_error(procspawn_handle *handle)
{
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = procspawn_join(handle, &result, &error);

    procspawn_handle_free(handle);
    json_decref(result);
    if (!PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_ECALL))
        CU_FAIL_FATAL("the call has not failed");
    return error;
}

static void check_name(const char *is, const char *wanted, const char *message)
{
    char text[512];

    snprintf(text, sizeof text, "%s, not %s: %s", is, wanted, message);
    CU_assertImplementation(strcmp(is, wanted) == 0, __LINE__, text, __FILE__, "", CU_FALSE);
}

void calls_check_error(procspawn_error *error, enum procspawn_error_kind kind,
                       enum procspawn_cause cause)
{
    const char *message = procspawn_error_message(error);

    check_name(procspawn_error_kind_name(procspawn_error_kind(error)),
               procspawn_error_kind_name(kind), message);
    check_name(procspawn_error_cause_name(procspawn_error_cause(error)), procspawn_error_cause_name(cause),
               message);
    procspawn_error_free(error);
}

void calls_check_end(procspawn_handle *handle, enum procspawn_error_kind kind,
                     enum procspawn_cause cause)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    calls_check_error(calls_error(handle), kind, cause);
}

void calls_check_work(int count)
{
    for (int i = 0; i < count; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
}

void calls_check_text(json_t *value, const char *text)
{
    const char *is = json_string_value(value);

    check_name(is ? is : "(no text)", text, "a text");
    json_decref(value);
}

json_t *calls_echo(json_t *argument)
{
    return json_incref(argument);
}

json_t *calls_hang(json_t *argument)
{
    for (;;)
        pause();
    return argument;
}

json_t *calls_pid(json_t *argument)
{
    (void)argument;
    return json_integer(getpid());
}

json_t *calls_parent(json_t *argument)
{
    (void)argument;
    return json_integer(getppid());
}

int64_t calls_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * CALLS_SECOND + now.tv_nsec;
}

/* ---- processes ---- */

void calls_tree_add(struct calls_tree *tree, pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (fd < 0 || tree->count == CALLS_TREE_MAX) {
        /* EINVAL: it is being reaped */
        if (fd >= 0 || errno != EINVAL)
            PROCSPAWN_CUNIT_EQUAL(fd < 0 ? errno : 0, ESRCH);
        return;
    }
    tree->pid[tree->count] = pid;
    tree->fd[tree->count++] = fd;
}

static FILE *open_children(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    return fopen(path, "re");
}

static void add_below(struct calls_tree *tree, pid_t pid)
{
    FILE *children = open_children(pid);
    int child;

    while (children && fscanf(children, "%d", &child) == 1) {
        calls_tree_add(tree, child);
        add_below(tree, child);
    }
    if (children)
        fclose(children);
}

void calls_tree_open(struct calls_tree *tree, pid_t pid)
{
    tree->count = 0;
    add_below(tree, pid);
}

unsigned calls_tree_left(struct calls_tree *tree, int64_t patience)
{
    int64_t deadline = calls_now() + patience;
    unsigned left = 0;

    for (unsigned i = 0; i < tree->count; i++) {
        struct pollfd fd = { .fd = tree->fd[i], .events = POLLIN };
        int64_t rest = deadline - calls_now();
        left += poll(&fd, 1, rest > 0 ? (int)(rest / CALLS_MS) + 1 : 0) != 1;
    }
    return left;
}

void calls_tree_close(struct calls_tree *tree)
{
    for (unsigned i = 0; i < tree->count; i++)
        close(tree->fd[i]);
    tree->count = 0;
}

static bool has_name(pid_t pid, const char *name)
{
    char path[64], line[64] = "";

    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    FILE *comm = fopen(path, "re");
    if (!comm)
        return false;
    if (!fgets(line, sizeof line, comm))
        line[0] = '\0';
    fclose(comm);
    return strncmp(line, name, strlen(name)) == 0;
}

pid_t calls_child_named(pid_t parent, const char *name)
{
    FILE *children = open_children(parent);
    int child;
    pid_t found = 0;

    while (children && found == 0 && fscanf(children, "%d", &child) == 1) {
        if (has_name(child, name))
            found = child;
    }
    if (children)
        fclose(children);
    return found;
}

/*
 * Waits for a child by its name. A server names itself in its first steps, which init does not wait
 * for.
 */
static pid_t wait_for_child(pid_t parent, const char *name)
{
    pid_t found;

    while ((found = calls_child_named(parent, name)) == 0)
        poll(NULL, 0, 1);
    return found;
}

pid_t calls_root(void)
{
    return wait_for_child(getpid(), "forkscope-root");
}

pid_t calls_server(void)
{
    return wait_for_child(calls_root(), "forkscope-serve");
}

long calls_status(pid_t pid, const char *key)
{
    char path[64], line[256];
    long number = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, key, strlen(key)) == 0)
            number = atol(line + strlen(key));
    }
    if (status)
        fclose(status);
    return number;
}

/* The state is a letter, T of a stopped process; 0: there is no such process. */
static char process_state(pid_t pid)
{
    char path[64], line[256], state = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    while (status && state == 0 && fgets(line, sizeof line, status))
        sscanf(line, "State: %c", &state);
    if (status)
        fclose(status);
    return state;
}

void calls_stop(pid_t pid)
{
    int64_t until = calls_now() + 20 * CALLS_SECOND;
    char state = 'R';

    if (kill(pid, SIGSTOP) < 0)
        return;
    while ((state = process_state(pid)) != 0 && !strchr("TtZX", state) && calls_now() < until)
        poll(NULL, 0, 1);
    CU_ASSERT(state == 0 || strchr("TtZX", state));
}


static void tell_servers(int signal, void (*tell)(pid_t, int))
{
    struct calls_tree servers = { 0 };

    calls_tree_open(&servers, calls_root());
    for (unsigned i = 0; i < servers.count; i++) {
        if (calls_status(servers.pid[i], "PPid:") == calls_root())
            tell(servers.pid[i], signal);
    }
    calls_tree_close(&servers);
}

static void send_signal(pid_t pid, int signal)
{
    kill(pid, signal);
}

static void stop(pid_t pid, int unused)
{
    (void)unused;
    calls_stop(pid);
}

void calls_signal_servers(int signal)
{
    tell_servers(signal, send_signal);
}

void calls_stop_servers(void)
{
    calls_stop(calls_root());
    tell_servers(SIGSTOP, stop);
}

unsigned calls_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;
    struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    if (directory)
        closedir(directory);
    return count - 1;
}

void calls_check_descriptors(unsigned wanted)
{
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;

    while (calls_descriptors() != wanted && calls_now() < deadline)
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL(calls_descriptors(), wanted);
}
