#include "tests/support/scope_under_test.h"

scoped_spawner scope;
struct scoped_outcome outcome;

void scope_open(struct scoped_options options)
{
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
}

void scope_close(void)
{
    CU_ASSERT_FATAL(scoped_close(scope, soon(), &outcome) == 0);
}
