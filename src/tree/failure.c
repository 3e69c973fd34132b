/*
 * failure.c - the error of a process or a pool, as a part of the failure of its supervisor
 *
 * The room of scopes knows no errors of processes. It keeps them as details, which it only frees.
 */
#include "src/tree/failure.h"

#include "src/error/error.h"
#include "src/scope/self.h"
#include <forkscope/tree.h>
#include <stdlib.h>

struct call_detail {
    struct scoped_detail detail;
    procspawn_error *error;
};

static void free_detail(struct scoped_detail *detail)
{
    procspawn_error_free(((struct call_detail *)detail)->error);
    free(detail);
}

static struct scoped_detail *new_detail(const procspawn_error *error)
{
    struct call_detail *detail = malloc(sizeof *detail);

    if (!detail)
        return NULL;
    *detail = (struct call_detail){ { free_detail }, procspawn__error_copy(error) };
    if (detail->error)
        return &detail->detail;
    free(detail);
    return NULL;
}

void procspawn__explain(int status, const procspawn_error *error)
{
    scoped__explain(status, procspawn_error_message(error), new_detail(error));
}

const procspawn_error *procspawn_failure_error(const struct scoped_failure *failure)
{
    const struct scoped_detail *detail = failure->detail;

    if (!detail || detail->free != free_detail)
        return NULL;
    return ((const struct call_detail *)detail)->error;
}
