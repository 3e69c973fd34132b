/*
 * privileges.c - acts that try to get rights that their process lacks
 */
#include "tests/hostile/act.h"

#include "tests/hostile/settings.h"
#include "tests/hostile/rights.h"
#include <fcntl.h>
#include <forkscope/procspawn.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

static const int64_t patience = 500 * MS;

static json_t *look_at_rights(json_t *argument)
{
    rights_check("a nested function");
    return json_incref(argument);
}

static int look_in_hook(void *unused)
{
    (void)unused;
    rights_check("the hook of a nested function");
    return 0;
}

static void call_nested(procspawn_builder *builder)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    json_t *result = NULL;

    if (procspawn_builder_spawn(builder, look_at_rights, NULL, &handle) < 0)
        return;
    procspawn_join_timeout(handle, patience, &result, &error);
    json_decref(result);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
}

static procspawn_builder *greedy_builder(struct random *random)
{
    static const struct rlimit endless = { RLIM_INFINITY, RLIM_INFINITY };
    procspawn_builder *builder = procspawn_builder_new();

    if (random_one_in(random, 2))
        procspawn_builder_uid(builder, 0);
    if (random_one_in(random, 2))
        procspawn_builder_gid(builder, 0);
    if (random_one_in(random, 2))
        procspawn_builder_pre_exec(builder, look_in_hook, NULL);
    if (random_one_in(random, 2))
        procspawn_builder_rlimit(builder, RLIMIT_NPROC, &endless);
    return builder;
}

static void ask_for_more(struct random *random)
{
    procspawn_builder *builder = greedy_builder(random);

    call_nested(builder);
    procspawn_builder_free(builder);
}

/* ---- namespaces ---- */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)!write(fd, text, strlen(text));
    close(fd);
}

/* Root in a namespace of its own, with all capabilities there. */
static bool become_root_of_namespace(void)
{
    char map[64];
    uid_t uid = geteuid();

    prctl(PR_SET_DUMPABLE, 1);
    if (unshare(CLONE_NEWUSER) < 0)
        return false;
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", (unsigned)uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", (unsigned)getegid());
    write_file("/proc/self/gid_map", map);
    return true;
}

static void ask_as_root_of_namespace(struct random *random)
{
    if (become_root_of_namespace())
        ask_for_more(random);
}

/* ---- set-id programs ---- */

/* A call is on its way while its sender becomes a program with other rights. */
static void execute_while_asking(struct random *random)
{
    static const char *const programs[] = { "/usr/bin/passwd", "/bin/su", "/bin/mount",
                                            "/usr/bin/newgrp", "/bin/true" };
    procspawn_builder *builder = greedy_builder(random);
    procspawn_handle *handle;

    for (unsigned i = 1 + random_below(random, 8); i > 0; i--)
        procspawn_builder_spawn(builder, look_at_rights, NULL, &handle);
    execl(programs[random_below(random, 5)], "x", "--help", (char *)NULL);
}

/* ---- by itself ---- */

static void set_ids(struct random *random)
{
    (void)random;
    if (!settings->aliens || !rights_are_few())
        return;
    (void)!setresuid(0, 0, 0);
    (void)!setresgid(0, 0, 0);
    (void)!setgroups(1, (gid_t[]){ 0 });
    setfsuid(0);
    rights_check("a function after setuid(0)");
}

/* Names in /proc lead to what the server and the program have open. */
static void reach_into_others(struct random *random)
{
    static const char *const names[] = { "mem", "fd/0", "fd/3", "fd/4", "fd/5", "environ",
                                         "cwd/.", "root/etc/shadow", "maps", "ns/user" };
    const pid_t pids[] = { act_server(), settings->program };
    char path[64];

    for (unsigned i = 1 + random_below(random, 20); i > 0; i--) {
        snprintf(path, sizeof path, "/proc/%d/%s", (int)pids[random_below(random, 2)],
                 names[random_below(random, 10)]);
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0)
            rights_show("a hostile function could open %s", path);
        if (fd >= 0)
            close(fd);
    }
}

const struct act act_of_privileges[] = {
    { .name = "nested_greed", .run = ask_for_more },
    { .name = "nested_by_namespace_root", .run = ask_as_root_of_namespace },
    { .name = "exec_while_asking", .run = execute_while_asking },
    { .name = "other_ids", .run = set_ids },
    { .name = "reach_into_others", .run = reach_into_others, .flags = ACT_ALIEN },
    { 0 },
};
