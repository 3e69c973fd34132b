/*
 * builder_sandbox.c - the setters of a builder's sandbox, and its place in a request
 */
#include "src/call/builder_sandbox.h"

#include "src/call/builder.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include <errno.h>
#include <forkscope/sandbox.h>

int procspawn_builder_sandbox(procspawn_builder *builder, enum procspawn_sandbox profile)
{
    if ((unsigned)profile > PROCSPAWN_SANDBOX_NETWORK)
        return -EINVAL;
    builder->sandbox.profile = profile;
    return 0;
}

int procspawn_builder_path(procspawn_builder *builder, const char *path, unsigned rights)
{
    return procspawn__sandbox_add_path(&builder->sandbox, path, rights);
}

int procspawn_builder_port(procspawn_builder *builder, unsigned port, bool listens)
{
    return procspawn__sandbox_add_port(&builder->sandbox, port, listens);
}

int procspawn_builder_sandbox_allow(procspawn_builder *builder, unsigned allowed)
{
    if (allowed & ~(unsigned)PROCSPAWN__SANDBOX_EXCEPTIONS)
        return -EINVAL;
    builder->sandbox.allowed = allowed;
    return 0;
}

int procspawn_builder_denial(procspawn_builder *builder, enum procspawn_denial denial)
{
    if ((unsigned)denial > PROCSPAWN_DENIAL_LEARN)
        return -EINVAL;
    builder->sandbox.denial = denial;
    return 0;
}

void procspawn_builder_sandbox_partial(procspawn_builder *builder, bool allowed)
{
    builder->sandbox.partial = allowed;
}

/* Also without a profile: the function may enter one by itself. */
static bool is_set(const struct procspawn__sandbox *sandbox)
{
    return sandbox->profile != PROCSPAWN_SANDBOX_NONE || sandbox->path_count > 0 ||
           sandbox->port_count > 0 || sandbox->denial != PROCSPAWN_DENIAL_END || sandbox->partial;
}

void procspawn__sandbox_put(struct procspawn__request *request,
                            const struct procspawn__sandbox *sandbox)
{
    struct wire_writer *block = &request->block;

    if (!is_set(sandbox))
        return;
    request->call.flags |= WIRE_CALL_SANDBOX;
    if (sandbox->profile != PROCSPAWN_SANDBOX_NONE)
        request->call.flags |= WIRE_CALL_CHILDLESS;
    wire__put_u32(block, sandbox->profile);
    wire__put_u32(block, sandbox->allowed);
    wire__put_u32(block, sandbox->denial);
    wire__put_u32(block, sandbox->partial);
    wire__put_u32(block, sandbox->path_count);
    for (uint32_t i = 0; i < sandbox->path_count; i++) {
        wire__put_string(block, sandbox->paths[i].path);
        wire__put_u32(block, sandbox->paths[i].rights);
    }
    wire__put_u32(block, sandbox->port_count);
    for (uint32_t i = 0; i < sandbox->port_count; i++) {
        wire__put_u32(block, sandbox->ports[i].port);
        wire__put_u32(block, sandbox->ports[i].listens);
    }
}
