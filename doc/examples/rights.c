/*
 * A function that gives up its connection to the fork server before it
 * gives up rights, and one that never had it. Prints what a call says in
 * each of them, twice "the caller may have no child".
 */
#include <forkscope.h>
#include <stdio.h>

static json_t *child(json_t *null)
{
    return json_incref(null);
}

static json_t *call_of_my_own(json_t *leave)
{
    procspawn_handle *handle;

    if (json_is_true(leave))
        procspawn_leave_server();
    int code = procspawn(child, NULL, &handle);
    if (code == 0)
        procspawn_handle_free(handle);
    return json_string(code == PROCSPAWN_ERIGHTS
                           ? "the caller may have no child" : "called");
}

static void show(procspawn_builder *builder, json_t *argument)
{
    struct procspawn_call_options options = {
        .builder = builder,
        .take_argument = true,
    };
    struct procspawn_result result;

    if (procspawn_call_with(&options, call_of_my_own, argument,
                            &result) == 0)
        puts(json_string_value(result.value));
    procspawn_result_fini(&result);
}

int main(int argc, char **argv)
{
    if (procspawn_init(argc, argv) < 0)
        return 1;
    procspawn_builder *builder = procspawn_builder_new();
    /* After init this program may enter a seccomp filter: its children
     * are to be without. */
    procspawn_builder_allow_rights(builder, PROCSPAWN_RIGHTS_SECCOMP);
    show(builder, json_true());
    procspawn_builder_may_spawn(builder, false);
    show(builder, json_false());
    procspawn_builder_free(builder);
    return procspawn_fini();
}
