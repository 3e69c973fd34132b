/*
 * policy.c - paths and ports of a sandbox: added, copied, freed
 */
#include "src/sandbox/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int procspawn__sandbox_add_path(struct procspawn__sandbox *sandbox, const char *path,
                                unsigned rights)
{
    enum { ALL = PROCSPAWN_PATH_READ | PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE };
    const uint32_t count = sandbox->path_count;

    if (rights == 0 || rights & ~(unsigned)ALL || count == PROCSPAWN__SANDBOX_PATHS)
        return -EINVAL;
    char *copy = strdup(path);
    struct procspawn__sandbox_path *paths =
        copy ? realloc(sandbox->paths, (count + 1) * sizeof *paths) : NULL;
    if (!paths) {
        free(copy);
        return -ENOMEM;
    }
    sandbox->paths = paths;
    paths[count] = (struct procspawn__sandbox_path){ copy, rights };
    sandbox->path_count++;
    return 0;
}

int procspawn__sandbox_add_port(struct procspawn__sandbox *sandbox, unsigned port, bool listens)
{
    const uint32_t count = sandbox->port_count;

    if (port == 0 || port > UINT16_MAX || count == PROCSPAWN__SANDBOX_PORTS)
        return -EINVAL;
    struct procspawn__sandbox_port *ports =
        realloc(sandbox->ports, (count + 1) * sizeof *ports);
    if (!ports)
        return -ENOMEM;
    sandbox->ports = ports;
    ports[count] = (struct procspawn__sandbox_port){ (uint16_t)port, listens };
    sandbox->port_count++;
    return 0;
}

int procspawn__sandbox_copy(const struct procspawn__sandbox *sandbox,
                            struct procspawn__sandbox *ret_copy)
{
    int rc = 0;

    *ret_copy = *sandbox;
    ret_copy->paths = NULL;
    ret_copy->ports = NULL;
    ret_copy->path_count = ret_copy->port_count = 0;
    for (uint32_t i = 0; i < sandbox->path_count && rc == 0; i++)
        rc = procspawn__sandbox_add_path(ret_copy, sandbox->paths[i].path,
                                         sandbox->paths[i].rights);
    for (uint32_t i = 0; i < sandbox->port_count && rc == 0; i++)
        rc = procspawn__sandbox_add_port(ret_copy, sandbox->ports[i].port,
                                         sandbox->ports[i].listens);
    if (rc < 0)
        procspawn__sandbox_fini(ret_copy);
    return rc;
}

void procspawn__sandbox_fini(struct procspawn__sandbox *sandbox)
{
    for (uint32_t i = 0; i < sandbox->path_count; i++)
        free(sandbox->paths[i].path);
    free(sandbox->paths);
    free(sandbox->ports);
    sandbox->paths = NULL;
    sandbox->ports = NULL;
    sandbox->path_count = sandbox->port_count = 0;
}

bool procspawn__sandbox_listens(const struct procspawn__sandbox *sandbox)
{
    for (uint32_t i = 0; i < sandbox->port_count; i++) {
        if (sandbox->ports[i].listens)
            return true;
    }
    return false;
}
