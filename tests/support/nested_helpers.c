/*
 * nested_helpers.c - functions that make calls themselves, and checks of their children's rights
 */
#include "tests/support/nested_helpers.h"

#include "tests/support/rights_helpers.h"

static json_int_t number(const json_t *told, const char *key)
{
    return json_integer_value(json_object_get(told, key));
}

void nested_check_powerless(json_t *told, uid_t uid, gid_t gid)
{
    for (size_t i = 0; i < 3; i++) {
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(json_object_get(told, "uid"), i)),
                              uid);
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(json_object_get(told, "gid"), i)),
                              gid);
    }
    PROCSPAWN_CUNIT_EQUAL(number(told, "permitted"), 0);
    PROCSPAWN_CUNIT_EQUAL(number(told, "effective"), 0);
    PROCSPAWN_CUNIT_EQUAL(number(told, "inheritable"), 0);
    PROCSPAWN_CUNIT_EQUAL(number(told, "ambient"), 0);
    PROCSPAWN_CUNIT_EQUAL(number(told, "no_new_privs"), 1);
    json_decref(told);
}

void nested_check_no_groups(const json_t *told)
{
    PROCSPAWN_CUNIT_EQUAL(json_array_size(json_object_get(told, "groups")), 0);
}

json_t *nested_call(procspawn_builder *by, procspawn_function *function, json_t *argument)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = procspawn_builder_spawn(by, function, argument, &handle);

    if (rc < 0)
        return json_integer(rc);
    rc = procspawn_join(handle, &result, &error);
    if (rc == PROCSPAWN_ECALL)
        result = json_string(procspawn_error_message(error));
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return result;
}

json_t *nested_ask(json_t *argument)
{
    return nested_call(NULL, rights_tell, argument);
}
