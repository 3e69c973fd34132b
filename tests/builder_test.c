#include "src/proc/internal.h"
#include "tests/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { SOMEBODY = 1234, SOME_GROUP = 2345, OTHER_GROUP = 3456 };

static procspawn_builder *builder;

static void begin(void)
{
    builder = procspawn_builder_new();
    calls_begin();
}

static void end(void)
{
    calls_end();
    procspawn_builder_free(builder);
}

/* ---- environment ---- */

static json_t *own_variable(json_t *name)
{
    const char *value = getenv(json_string_value(name));
    return value ? json_string(value) : json_null();
}

static void check_variable(const char *name, const char *value)
{
    json_t *found = calls_result(calls_build(builder, own_variable, json_string(name)));

    if (value)
        calls_check_text(json_incref(found), value);
    else
        CU_ASSERT(json_is_null(found));
    json_decref(found);
}

static void the_environment_is_the_callers_at_the_time_of_the_call(void)
{
    setenv("SET_AFTER_INIT", "yes", 1);
    check_variable("SET_AFTER_INIT", "yes");
    unsetenv("SET_AFTER_INIT");
    check_variable("SET_AFTER_INIT", NULL);
}

static void variables_can_be_set_and_removed(void)
{
    char *const more[] = { (char *)(uintptr_t)"B=2", (char *)(uintptr_t)"C=3=3", NULL };

    setenv("GOES", "x", 1);
    setenv("STAYS", "y", 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "A", "1"), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "A", ""), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_envs(builder, more), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env_remove(builder, "GOES"), 0);
    check_variable("A", "");
    check_variable("B", "2");
    check_variable("C", "3=3");
    check_variable("GOES", NULL);
    check_variable("STAYS", "y");
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "GOES", "back"), 0);
    check_variable("GOES", "back");
}

static json_t *count_variables(json_t *argument)
{
    int count = 0;
    (void)argument;

    while (environ[count])
        count++;
    return json_integer(count);
}

static void the_environment_can_be_cleared(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "BEFORE", "1"), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env_clear(builder), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, count_variables, NULL)), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "AFTER", "1"), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, count_variables, NULL)), 1);
}

static void names_that_are_none_are_refused(void)
{
    char *const bad[] = { (char *)(uintptr_t)"A=1", (char *)(uintptr_t)"nothing", NULL };

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "", "1"), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "A=B", "1"), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env_remove(builder, ""), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_envs(builder, bad), -EINVAL);
    check_variable("A", NULL);
}

static void a_large_environment_travels(void)
{
    enum { LENGTH = 100000 };
    char *value = malloc(LENGTH + 1);

    memset(value, 'v', LENGTH);
    value[LENGTH] = '\0';
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "LONG", value), 0);
    check_variable("LONG", value);
    free(value);
}

/* ---- directory, umask, name, limits ---- */

static json_t *own_directory(json_t *argument)
{
    char *path = getcwd(NULL, 0);
    json_t *text = json_string(path ? path : "(unreachable)");
    (void)argument;

    free(path);
    return text;
}

static void the_directory_is_the_callers_at_the_time_of_the_call(void)
{
    CU_ASSERT(chdir("/usr") == 0);
    calls_check_text(calls_result(calls_start(own_directory, NULL)), "/usr");
    CU_ASSERT(chdir("/") == 0);
    calls_check_text(calls_result(calls_start(own_directory, NULL)), "/");
}

static void the_directory_can_be_chosen(void)
{
    CU_ASSERT(chdir("/usr") == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_cwd(builder, "/etc"), 0);
    calls_check_text(calls_result(calls_build(builder, own_directory, NULL)), "/etc");
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_cwd(builder, "lib"), 0);
    calls_check_text(calls_result(calls_build(builder, own_directory, NULL)), "/usr/lib");
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_cwd(builder, "/not/there"), 0);
    procspawn_error *error = calls_error(calls_build(builder, own_directory, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), ENOENT);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
}

static void a_removed_directory_does_no_harm(void)
{
    char path[] = "/tmp/forkscope.XXXXXX";

    CU_ASSERT_FATAL(mkdtemp(path) != NULL && chdir(path) == 0 && rmdir(path) == 0);
    calls_check_text(calls_result(calls_start(own_directory, NULL)), "(unreachable)");
    CU_ASSERT(chdir("/") == 0);
}

static json_t *own_umask(json_t *argument)
{
    (void)argument;
    return json_integer(umask(0));
}

static void the_umask_is_the_callers_at_the_time_of_the_call(void)
{
    mode_t old = umask(0137);

    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_umask, NULL)), 0137);
    PROCSPAWN_CUNIT_EQUAL(umask(old), 0137);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_umask, NULL)), old);
}

static json_t *own_name(json_t *argument)
{
    char name[16];
    (void)argument;

    prctl(PR_GET_NAME, name);
    return json_string(name);
}

static void the_process_can_have_a_name(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_name(builder, "a name that is long"), 0);
    calls_check_text(calls_result(calls_build(builder, own_name, NULL)), "a name that is ");
}

static json_t *own_file_limit(json_t *argument)
{
    struct rlimit limit;
    (void)argument;

    getrlimit(RLIMIT_NOFILE, &limit);
    return json_integer((json_int_t)limit.rlim_cur);
}

static void limits_are_the_callers_at_the_time_of_the_call(void)
{
    struct rlimit limit, old;

    getrlimit(RLIMIT_NOFILE, &old);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_file_limit, NULL)),
                          (json_int_t)old.rlim_cur);
    limit = (struct rlimit){ 200, old.rlim_max };
    setrlimit(RLIMIT_NOFILE, &limit);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_file_limit, NULL)), 200);
    limit.rlim_cur = 100;
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &limit), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, own_file_limit, NULL)), 100);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, 1000, &limit), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, -1, &limit), -EINVAL);
    setrlimit(RLIMIT_NOFILE, &old);
}

static void a_limit_that_cannot_be_is_an_error(void)
{
    struct rlimit limit = { 200, 100 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &limit), 0);
    procspawn_error *error = calls_error(calls_build(builder, own_file_limit, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), EINVAL);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
}

/* ---- deadline and hook ---- */

static void the_deadline_ends_the_call_while_nobody_waits(void)
{
    procspawn_builder_deadline(builder, 50 * CALLS_MS);
    procspawn_handle *handle = calls_build(builder, calls_hang, NULL);
    struct calls_tree tree = { 0 };
    calls_tree_add(&tree, procspawn_pid(handle));
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, 20 * CALLS_SECOND), 0);
    calls_tree_close(&tree);
    procspawn_error *error = calls_error(handle);
    CU_ASSERT(procspawn_error_is_timeout(error));
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    calls_check_error(error, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_DEADLINE);
}

static void a_call_that_ends_before_its_deadline_has_its_result(void)
{
    procspawn_builder_deadline(builder, 60 * CALLS_SECOND);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, calls_echo, json_integer(5))), 5);
}

static int note;

static int take_note(void *value)
{
    note = *(int *)value;
    return note < 0 ? note : 0;
}

static json_t *own_note(json_t *argument)
{
    (void)argument;
    return json_integer(note);
}

static void the_hook_runs_before_the_function(void)
{
    static int good = 31, bad = -ENOTTY;

    procspawn_builder_pre_exec(builder, take_note, &good);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, own_note, NULL)), 31);
    procspawn_builder_pre_exec(builder, take_note, &bad);
    procspawn_error *error = calls_error(calls_build(builder, own_note, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), ENOTTY);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
}

/* ---- streams ---- */

static json_t *copy_and_complain(json_t *argument)
{
    char line[64];
    (void)argument;

    if (!fgets(line, sizeof line, stdin))
        return json_integer(-1);
    fprintf(stdout, "out: %s", line);
    fprintf(stderr, "err: %s", line);
    return json_integer((json_int_t)strlen(line));
}

static void check_stream(int fd, const char *text)
{
    char found[64] = "";
    ssize_t n = read(fd, found, sizeof found - 1);

    CU_ASSERT(n == (ssize_t)strlen(text));
    CU_ASSERT_STRING_EQUAL(found, text);
    CU_ASSERT(read(fd, found, sizeof found) == 0);
}

static void streams_can_be_pipes(void)
{
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_handle *handle = calls_build(builder, copy_and_complain, NULL);
    CU_ASSERT(write(procspawn_stdin(handle), "hello\n", 6) == 6);
    int in = procspawn_stdin_take(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_stdin(handle), -1);
    close(in);
    check_stream(procspawn_stdout(handle), "out: hello\n");
    check_stream(procspawn_stderr(handle), "err: hello\n");
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 6);
}

static void streams_can_be_descriptors_that_stay_the_callers(void)
{
    int ends[2];
    char text[32] = "";

    CU_ASSERT_FATAL(pipe(ends) == 0);
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_FD, ends[1]);
    CU_ASSERT(write(ends[1], "mine ", 5) == 5);
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_FD, ends[0]);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    CU_ASSERT(write(ends[1], "line\n", 5) == 5);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, copy_and_complain, NULL)), 10);
    CU_ASSERT(read(ends[0], text, sizeof text - 1) == 15);
    CU_ASSERT_STRING_EQUAL(text, "out: mine line\n");
    CU_ASSERT(fcntl(ends[0], F_GETFD) >= 0 && fcntl(ends[1], F_GETFD) >= 0);
    close(ends[0]);
    close(ends[1]);
}

static void null_is_empty_and_swallows(void)
{
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_NULL, -1);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, copy_and_complain, NULL)), -1);
}

static void a_descriptor_that_is_none_is_refused(void)
{
    procspawn_handle *handle = NULL;

    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_FD, 999);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_spawn(builder, calls_echo, NULL, &handle), -EBADF);
    CU_ASSERT(!handle);
}

static json_t *which_output(json_t *argument)
{
    struct stat status;
    (void)argument;

    fstat(STDOUT_FILENO, &status);
    return json_integer((json_int_t)status.st_ino);
}

static void inherited_streams_are_the_callers_at_the_time_of_the_call(void)
{
    int ends[2], saved = dup(STDOUT_FILENO);
    struct stat status;

    CU_ASSERT_FATAL(pipe(ends) == 0);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    fstat(ends[1], &status);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(which_output, NULL)),
                          (json_int_t)status.st_ino);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

/* ---- ids ---- */

static json_t *own_ids(json_t *argument)
{
    uid_t uid[3];
    gid_t gid[3];
    (void)argument;

    getresuid(&uid[0], &uid[1], &uid[2]);
    getresgid(&gid[0], &gid[1], &gid[2]);
    return json_pack("[i,i,i,i,i,i,i]", uid[0], uid[1], uid[2], gid[0], gid[1], gid[2],
                     getgroups(0, NULL));
}

static void check_ids(json_t *ids, uid_t uid, gid_t gid, int groups)
{
    for (size_t i = 0; i < 3; i++) {
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(ids, i)), uid);
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(ids, i + 3)), gid);
    }
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(ids, 6)), groups);
    json_decref(ids);
}

static void the_user_and_group_can_be_chosen(void)
{
    procspawn_builder_uid(builder, SOMEBODY);
    procspawn_builder_gid(builder, SOME_GROUP);
    check_ids(calls_result(calls_build(builder, own_ids, NULL)), SOMEBODY, SOME_GROUP, 0);
    procspawn_builder_deadline(builder, 50 * CALLS_MS);
    calls_check_error(calls_error(calls_build(builder, calls_hang, NULL)), PROCSPAWN_ERROR_TIMED_OUT,
                      PROCSPAWN_CAUSE_DEADLINE);
}

static json_t *crash(json_t *argument)
{
    (void)argument;
    abort();
}

static void who_runs_as_somebody_else_can_crash_panic_and_be_killed(void)
{
    procspawn_builder_uid(builder, SOMEBODY);
    procspawn_error *error = calls_error(calls_build(builder, crash, NULL));
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    procspawn_handle *handle = calls_build(builder, calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

/* Runs a part of a test in a process that gives up root for itself. */
static void in_process_without_root(void (*part)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        gid_t group = OTHER_GROUP;
        calls_begin();
        CU_ASSERT_FATAL(setgroups(1, &group) == 0);
        CU_ASSERT_FATAL(setresgid(SOME_GROUP, SOME_GROUP, SOME_GROUP) == 0);
        CU_ASSERT_FATAL(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
        part();
        calls_end();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static void spawn_without_root(void)
{
    check_ids(calls_result(calls_start(own_ids, NULL)), SOMEBODY, SOME_GROUP, 1);
    procspawn_builder_uid(builder, 0);
    calls_check_error(calls_error(calls_build(builder, own_ids, NULL)), PROCSPAWN_ERROR_SETUP,
                      PROCSPAWN_CAUSE_NONE);
}

static void a_program_that_gave_up_root_gets_no_root_child(void)
{
    in_process_without_root(spawn_without_root);
}

static void spawn_in_a_closed_directory(void)
{
    CU_ASSERT(access(".", X_OK) < 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(3))), 3);
}

static void a_directory_that_the_caller_may_not_enter_any_more_is_still_its_own(void)
{
    char path[] = "/tmp/forkscope.XXXXXX";

    CU_ASSERT_FATAL(mkdtemp(path) != NULL && chdir(path) == 0);
    in_process_without_root(spawn_in_a_closed_directory);
    CU_ASSERT(chdir("/") == 0 && rmdir(path) == 0);
}

/* Says of the answer to a call that was put together by hand: who ran it, or why not. */
static json_t *answer_of(int channel)
{
    static unsigned char body[WIRE_MAX_BODY];
    struct wire_frame frame = { .body = body, .capacity = sizeof body };

    while (wire__recv(channel, &frame, false) == 0) {
        wire__close_fds(&frame);
        if (frame.header.type == WIRE_FAILURE)
            return json_string((char *)body + sizeof(struct wire_failure) + sizeof(uint32_t));
        if (frame.header.type == WIRE_RESULT)
            return json_string("obeyed");
    }
    return json_string("closed");
}

/* Puts a call together by hand and gives it to a child. */
static bool send_by_hand(uint32_t flags, const struct rlimit *files, procspawn_function *function,
                         struct procspawn__taken *ret_taken)
{
    struct procspawn__draft draft;

    procspawn__draft_init(&draft);
    draft.call.flags = flags;
    if (files) {
        wire__put_u32(&draft.block, 1);
        wire__put_u32(&draft.block, RLIMIT_NOFILE);
        wire__put_u64(&draft.block, files->rlim_cur);
        wire__put_u64(&draft.block, files->rlim_max);
    }
    bool sent = procspawn__draft_function(&draft, function) == 0 &&
                procspawn__draft_argument(&draft, NULL) == 0 &&
                procspawn__draft_seal(&draft) == 0 &&
                procspawn__client_take(ret_taken) == 0 &&
                procspawn__draft_send(&draft, ret_taken->channel) == 0;
    procspawn__draft_fini(&draft);
    return sent;
}

static json_t *answer_by_hand(uint32_t flags)
{
    struct procspawn__taken taken;

    if (!send_by_hand(flags, NULL, own_ids, &taken))
        return json_string("not sent");
    json_t *answer = answer_of(taken.channel);
    close(taken.channel);
    return answer;
}

static json_t *claim_root(json_t *argument)
{
    return answer_by_hand((uint32_t)json_integer_value(argument));
}

static void check_refused(json_t *answer)
{
    calls_check_text(answer, "being no more than the caller: Operation not permitted");
}

static void who_is_not_root_cannot_claim_to_be(void)
{
    procspawn_builder_uid(builder, SOMEBODY);
    procspawn_builder_gid(builder, SOME_GROUP);
    check_refused(calls_result(calls_build(builder, claim_root, json_integer(0))));
    check_refused(calls_result(calls_build(builder, claim_root, json_integer(WIRE_CALL_IDS))));
}

static void claim_without_root(void)
{
    check_refused(answer_by_hand(0));
    check_refused(answer_by_hand(WIRE_CALL_IDS));
}

static void a_program_that_gave_up_root_cannot_claim_it_either(void)
{
    in_process_without_root(claim_without_root);
}

static json_t *claim_files(json_t *argument)
{
    struct rlimit claimed = { 1000, 1000 };
    struct procspawn__taken taken;
    static unsigned char body[WIRE_MAX_BODY];
    struct wire_frame frame = { .body = body, .capacity = sizeof body };
    json_error_t error;
    (void)argument;

    if (!send_by_hand(WIRE_CALL_LIMITS, &claimed, own_file_limit, &taken) ||
        wire__recv(taken.channel, &frame, false) < 0 || frame.header.type != WIRE_RESULT)
        return NULL;
    close(taken.channel);
    const char *text = (char *)body + sizeof(struct wire_value);
    return json_loadb(text, frame.header.length - sizeof(struct wire_value), JSON_DECODE_ANY, &error);
}

static void nested_calls_have_no_more_than_their_askers_limits(void)
{
    struct rlimit limit = { 64, 64 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &limit), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, claim_files, NULL)), 64);
}

/* ---- children of the child ---- */

static json_t *null_of(json_t *argument)
{
    (void)argument;
    return json_null();
}

static json_t *ask_for_a_child(json_t *argument)
{
    procspawn_handle *handle;
    int rc = procspawn(null_of, argument, &handle);

    if (rc == 0) {
        rc = procspawn_join(handle, NULL, NULL);
        procspawn_handle_free(handle);
    }
    return json_integer(rc);
}

static void a_child_may_have_children_unless_told_otherwise(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, ask_for_a_child, NULL)), 0);
    procspawn_builder_may_spawn(builder, false);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, ask_for_a_child, NULL)),
                          PROCSPAWN_ESERVER);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_environment_is_the_callers_at_the_time_of_the_call),
    TEST(variables_can_be_set_and_removed),
    TEST(the_environment_can_be_cleared),
    TEST(names_that_are_none_are_refused),
    TEST(a_large_environment_travels),
    TEST(the_directory_is_the_callers_at_the_time_of_the_call),
    TEST(the_directory_can_be_chosen),
    TEST(a_removed_directory_does_no_harm),
    TEST(the_umask_is_the_callers_at_the_time_of_the_call),
    TEST(the_process_can_have_a_name),
    TEST(a_child_may_have_children_unless_told_otherwise),
    TEST(limits_are_the_callers_at_the_time_of_the_call),
    TEST(a_limit_that_cannot_be_is_an_error),
    TEST(the_deadline_ends_the_call_while_nobody_waits),
    TEST(a_call_that_ends_before_its_deadline_has_its_result),
    TEST(the_hook_runs_before_the_function),
    TEST(streams_can_be_pipes),
    TEST(streams_can_be_descriptors_that_stay_the_callers),
    TEST(null_is_empty_and_swallows),
    TEST(a_descriptor_that_is_none_is_refused),
    TEST(inherited_streams_are_the_callers_at_the_time_of_the_call),
    CU_TEST_INFO_NULL,
};

/* These need root to begin with; without it there is nothing to give up. */
static CU_TestInfo root_tests[] = {
    TEST(the_user_and_group_can_be_chosen),
    TEST(who_runs_as_somebody_else_can_crash_panic_and_be_killed),
    TEST(a_program_that_gave_up_root_gets_no_root_child),
    TEST(a_directory_that_the_caller_may_not_enter_any_more_is_still_its_own),
    TEST(who_is_not_root_cannot_claim_to_be),
    TEST(a_program_that_gave_up_root_cannot_claim_it_either),
    TEST(nested_calls_have_no_more_than_their_askers_limits),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "builder", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    { .pName = "builder_ids", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = root_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
