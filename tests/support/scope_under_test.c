#include "tests/support/scope_under_test.h"

#include "tests/support/closed.h"

scoped_spawner scope;
struct scoped_outcome outcome;

void scope_open(struct scoped_options options)
{
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
}

void scope_close(void)
{
    outcome.status = NO_OUTCOME;
    int rc = scoped_close(scope, soon(), &outcome);
    CU_ASSERT_FATAL(rc == outcome.status && rc != NO_OUTCOME);
}
