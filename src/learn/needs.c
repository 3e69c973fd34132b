/*
 * needs.c - the list of needs
 *
 * What was learned is copied first and checked then: it is the word of another process.
 */
#include "src/learn/needs.h"

#include "src/base/system_call.h"
#include "src/learn/needs_code.h"
#include "src/sandbox/path.h"
#include <errno.h>
#include <forkscope/learn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct procspawn_needs {
    size_t count;
    bool truncated;
    char *code;
    struct procspawn_need *needs;       /* what their strings point to is theirs, but for names */
};

/* ---- what was learned ---- */

static bool is_right(const struct procspawn__learned_call *call)
{
    const uint32_t all = PROCSPAWN_PATH_READ | PROCSPAWN_PATH_WRITE | PROCSPAWN_PATH_CREATE;
    const uint32_t rights = call->need.rights;

    return call->need.kind != PROCSPAWN__NEED_PATH ||
           (rights != 0 && (rights & ~all) == 0 && call->let_in > 0);
}

static bool is_sound(const struct procspawn__learned_call *call)
{
    const struct procspawn__need *need = &call->need;

    return need->kind > PROCSPAWN__NEED_NOTHING && need->kind < PROCSPAWN__NEED_KINDS &&
           need->profile <= PROCSPAWN_SANDBOX_NETWORK && need->port <= UINT16_MAX &&
           need->reason < PROCSPAWN__REFUSED_REASONS && call->let_in <= strlen(call->path) &&
           is_right(call);
}

static bool has_path(const struct procspawn__sandbox *sandbox,
                     const struct procspawn__learned_call *call)
{
    uint32_t rights = 0;

    for (uint32_t i = 0; i < sandbox->path_count; i++) {
        if (sandbox__path_lies_in(call->path, call->let_in, sandbox->paths[i].path))
            rights |= sandbox->paths[i].rights;
    }
    return (call->need.rights & ~rights) == 0;
}

static bool has_port(const struct procspawn__sandbox *sandbox, const struct procspawn__need *need)
{
    for (uint32_t i = 0; i < sandbox->port_count; i++) {
        const struct procspawn__sandbox_port *port = &sandbox->ports[i];
        if (port->listens == (need->listens != 0) && (need->port == 0 || port->port == need->port))
            return true;
    }
    return false;
}

static bool is_let_in(const struct procspawn__sandbox *sandbox,
                      const struct procspawn__learned_call *call)
{
    const struct procspawn__need *need = &call->need;

    if (need->profile > (uint32_t)sandbox->profile)
        return false;
    switch (need->kind) {
    case PROCSPAWN__NEED_PROFILE:
        return true;
    case PROCSPAWN__NEED_PATH:
        return has_path(sandbox, call);
    case PROCSPAWN__NEED_PORT:
        return has_port(sandbox, need);
    case PROCSPAWN__NEED_THREADS:
        return sandbox->allowed & PROCSPAWN_ALLOW_THREADS;
    case PROCSPAWN__NEED_CODE:
        return sandbox->allowed & PROCSPAWN_ALLOW_CODE;
    default:
        return false;
    }
}

/* Copies what is missing in the sandbox. Returns how many that are. */
static size_t select_calls(const struct procspawn__learned *learned, uint32_t count,
                           const struct procspawn__sandbox *sandbox,
                           struct procspawn__learned_call *calls)
{
    size_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct procspawn__learned_call *call = &calls[kept];
        *call = learned->calls[i];
        call->path[sizeof call->path - 1] = '\0';
        kept += is_sound(call) && !is_let_in(sandbox, call);
    }
    return kept;
}

/* ---- the list ---- */

static const char *reason_of(const struct procspawn__need *need)
{
    static const char *const sentences[PROCSPAWN__REFUSED_REASONS] = {
        [PROCSPAWN__REFUSED_ALWAYS] = "no exception exists: do it before, in the hook, or let the "
                                      "caller do it",
        [PROCSPAWN__REFUSED_PROCESS] = "no exception exists: a sandboxed process makes no process "
                                       "and executes no program",
        [PROCSPAWN__REFUSED_KERNEL_PATH] = "no exception exists: what the kernel shows in /proc, "
                                           "/dev and /sys cannot be let in, nor what lies above; "
                                           "open it before, or hand the descriptor in",
        [PROCSPAWN__REFUSED_UNREAD] = "its path or address could not be read",
        [PROCSPAWN__REFUSED_PORT] = "no exception exists for port 0: a socket that listens without "
                                    "bind(2) gets a port that the kernel chooses",
    };

    return need->kind == PROCSPAWN__NEED_REFUSED ? sentences[need->reason] : NULL;
}

static char *text_of(const struct procspawn__learned_call *call)
{
    char text[BASE_SYSTEM_CALL_TEXT];
    char *path = learn__escaped(call->path, strlen(call->path));

    if (!path)
        return NULL;
    base__system_call_print((long)call->number, call->argument, *path == '\0' ? NULL : path, text);
    free(path);
    return strdup(text);
}

static int fill(struct procspawn_need *need, const struct procspawn__learned_call *call,
                const struct procspawn__sandbox *sandbox)
{
    const struct base__system_call *known = base__system_call((long)call->number);

    *need = (struct procspawn_need){
        .syscall = known ? known->name : NULL,
        .number = (long)call->number,
        .text = text_of(call),
        .path = *call->path == '\0' ? NULL : strdup(call->path),
        .count = call->count,
        .profile = (enum procspawn_sandbox)call->need.profile,
        .reason = reason_of(&call->need),
    };
    if (!need->reason)
        need->line = learn__line(call, sandbox);
    return need->text && (need->reason || need->line) && (*call->path == '\0' || need->path)
               ? 0 : -ENOMEM;
}

static int fill_all(procspawn_needs *needs, const struct procspawn__learned_call *calls,
                    size_t count, const struct procspawn__sandbox *sandbox)
{
    int rc = 0;

    needs->needs = calloc(count + 1, sizeof *needs->needs);
    needs->code = learn__code(calls, count, sandbox);
    if (!needs->needs || !needs->code)
        return -ENOMEM;
    for (; needs->count < count && rc == 0; needs->count++)
        rc = fill(&needs->needs[needs->count], &calls[needs->count], sandbox);
    return rc;
}

int procspawn__needs_new(const struct procspawn__learned *learned,
                         const struct procspawn__sandbox *sandbox, procspawn_needs **ret_needs)
{
    uint32_t count = __atomic_load_n(&learned->count, __ATOMIC_ACQUIRE);

    if (count > PROCSPAWN__LEARNED_MAX)
        count = PROCSPAWN__LEARNED_MAX;
    struct procspawn__learned_call *calls = malloc((count + 1) * sizeof *calls);
    procspawn_needs *needs = calloc(1, sizeof *needs);
    int rc = calls && needs ? 0 : -ENOMEM;
    if (rc == 0) {
        const size_t kept = select_calls(learned, count, sandbox, calls);
        needs->truncated = __atomic_load_n(&learned->truncated, __ATOMIC_RELAXED) != 0;
        rc = fill_all(needs, calls, kept, sandbox);
    }
    free(calls);
    if (rc == 0)
        *ret_needs = needs;
    else
        procspawn_needs_free(needs);
    return rc;
}

static void free_string(const char *text)
{
    free((void *)(uintptr_t)text);
}

void procspawn_needs_free(procspawn_needs *needs)
{
    if (!needs)
        return;
    for (size_t i = 0; i < needs->count; i++) {
        free_string(needs->needs[i].text);
        free_string(needs->needs[i].path);
        free_string(needs->needs[i].line);
    }
    free(needs->needs);
    free(needs->code);
    free(needs);
}

/* ---- what is asked ---- */

size_t procspawn_needs_count(const procspawn_needs *needs)
{
    return needs->count;
}

const struct procspawn_need *procspawn_needs_at(const procspawn_needs *needs, size_t index)
{
    return index < needs->count ? &needs->needs[index] : NULL;
}

bool procspawn_needs_truncated(const procspawn_needs *needs)
{
    return needs->truncated;
}

const char *procspawn_needs_code(const procspawn_needs *needs)
{
    return needs->code;
}

/* ---- JSON ---- */

static const char *profile_name(enum procspawn_sandbox profile)
{
    static const char *const names[] = { NULL, "compute", "files", "network" };
    return names[profile];
}

static json_t *path_json(const char *path)
{
    char *escaped = path ? learn__escaped(path, strlen(path)) : NULL;
    json_t *json = escaped ? json_string(escaped) : NULL;

    free(escaped);
    return json;
}

static json_t *need_json(const struct procspawn_need *need)
{
    return json_pack("{s:s*, s:I, s:s, s:o*, s:I, s:s?, s:s*, s:s*}",
                     "syscall", need->syscall, "number", (json_int_t)need->number,
                     "text", need->text, "path", path_json(need->path),
                     "count", (json_int_t)need->count, "profile", profile_name(need->profile),
                     "line", need->line, "reason", need->reason);
}

json_t *procspawn_needs_json(const procspawn_needs *needs)
{
    json_t *list = json_array();
    int rc = list ? 0 : -1;

    for (size_t i = 0; i < needs->count && rc == 0; i++)
        rc = json_array_append_new(list, need_json(&needs->needs[i]));
    if (rc < 0) {
        json_decref(list);
        return NULL;
    }
    return json_pack("{s:i, s:o, s:s, s:b}", "version", 1, "needs", list, "code", needs->code,
                     "truncated", (int)needs->truncated);
}
