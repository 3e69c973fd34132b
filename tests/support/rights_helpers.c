/*
 * rights_helpers.c - reports, compares and gives up the rights of a thread
 */
#include "tests/support/rights_helpers.h"

#include "src/rights/status.h"
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static json_t *groups_now(void)
{
    json_t *list = json_array();
    int count = getgroups(0, NULL);
    gid_t *groups = calloc((size_t)count + 1, sizeof *groups);

    count = getgroups(count, groups);
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_integer(groups[i]));
    free(groups);
    return list;
}

json_t *rights_now(void)
{
    struct procspawn__status status = { 0 };
    const struct procspawn__capabilities *has = &status.rights.capabilities;
    uid_t uid[3];
    gid_t gid[3];

    CU_ASSERT(procspawn__status_read(&status) == 0);
    getresuid(&uid[0], &uid[1], &uid[2]);
    getresgid(&gid[0], &gid[1], &gid[2]);
    return json_pack("{s:[i,i,i], s:[i,i,i], s:o, s:I, s:I, s:I, s:I, s:I, s:i, s:i}",
                     "uid", uid[0], uid[1], uid[2], "gid", gid[0], gid[1], gid[2],
                     "groups", groups_now(), "inheritable", (json_int_t)has->inheritable,
                     "permitted", (json_int_t)has->permitted,
                     "effective", (json_int_t)has->effective,
                     "bounding", (json_int_t)has->bounding, "ambient", (json_int_t)has->ambient,
                     "securebits", status.rights.securebits,
                     "no_new_privs", status.rights.no_new_privs);
}

json_t *rights_tell(json_t *argument)
{
    (void)argument;
    return rights_now();
}

json_t *rights_outcome(procspawn_handle *handle)
{
    procspawn_error *error = NULL;
    json_t *result = NULL, *outcome;

    if (procspawn_join(handle, &result, &error) == 0)
        outcome = json_string("obeyed");
    else
        outcome = json_string(procspawn_error_message(error));
    json_decref(result);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return outcome;
}

void rights_check_child(procspawn_builder *builder)
{
    json_t *expected = rights_now();
    json_t *told = calls_result(calls_build(builder, rights_tell, NULL));
    char *text = json_dumps(expected, JSON_COMPACT | JSON_SORT_KEYS);

    char *told_text = json_dumps(told, JSON_COMPACT | JSON_SORT_KEYS);
    calls_check_text(json_string(told_text), text);
    free(text);
    free(told_text);
    json_decref(told);
    json_decref(expected);
}

/* ---- giving up ---- */

static void read_data(struct __user_cap_data_struct data[2])
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    CU_ASSERT(syscall(SYS_capget, &header, data) == 0);
}

void rights_set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    for (int i = 0; i < 2; i++)
        data[i] = (struct __user_cap_data_struct){ (uint32_t)(effective >> 32 * i),
                                                   (uint32_t)(permitted >> 32 * i),
                                                   (uint32_t)(inheritable >> 32 * i) };
    CU_ASSERT(syscall(SYS_capset, &header, data) == 0);
}

uint64_t rights_permitted(void)
{
    struct __user_cap_data_struct data[2];

    read_data(data);
    return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

uint64_t rights_effective(void)
{
    struct __user_cap_data_struct data[2];

    read_data(data);
    return data[0].effective | (uint64_t)data[1].effective << 32;
}

void rights_become(uid_t real, uid_t effective, uid_t saved)
{
    CU_ASSERT(syscall(SYS_setresuid, real, effective, saved) == 0);
}

void rights_become_group(gid_t real, gid_t effective, gid_t saved)
{
    CU_ASSERT(syscall(SYS_setresgid, real, effective, saved) == 0);
}

void rights_set_groups(size_t count, const gid_t *groups)
{
    CU_ASSERT(syscall(SYS_setgroups, count, groups) == 0);
}
