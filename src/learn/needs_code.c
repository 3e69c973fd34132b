/*
 * needs_code.c - needs as calls of a builder, in C
 */
#include "src/learn/needs_code.h"

#include "src/base/utf8.h"
#include <forkscope/sandbox.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ---- */

/* Octal numbers have three digits, so that they end there. */
static void put_escaped(FILE *stream, const char *text, size_t length)
{
    const bool printable = base__is_utf8(text, length);

    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(stream, "\\%c", c);
        else if (c < ' ' || c == 0x7f || (c >= 0x80 && !printable))
            fprintf(stream, "\\%03o", c);
        else
            putc(c, stream);
    }
}

/* Closes the stream. Returns the text, or NULL. */
static char *finish(FILE *stream, char **text)
{
    const bool failed = ferror(stream) != 0;

    if (fclose(stream) == 0 && !failed)
        return *text;
    free(*text);
    return NULL;
}

char *learn__escaped(const char *text, size_t length)
{
    char *escaped = NULL;
    size_t size;
    FILE *stream = open_memstream(&escaped, &size);

    if (!stream)
        return NULL;
    put_escaped(stream, text, length);
    return finish(stream, &escaped);
}

/* ---- calls ---- */

struct word {
    uint32_t bit;
    const char *name;
};

static void put_words(FILE *stream, uint32_t bits, const struct word *words, size_t count)
{
    const char *separator = "";

    for (size_t i = 0; i < count; i++) {
        if (!(bits & words[i].bit))
            continue;
        fprintf(stream, "%s%s", separator, words[i].name);
        separator = " | ";
    }
}

static void put_profile(FILE *stream, uint32_t profile)
{
    fprintf(stream, "procspawn_builder_sandbox(builder, PROCSPAWN_SANDBOX_%s);",
            profile == PROCSPAWN_SANDBOX_NETWORK ? "NETWORK"
            : profile == PROCSPAWN_SANDBOX_FILES ? "FILES" : "COMPUTE");
}

static void put_path(FILE *stream, const char *path, size_t length, uint32_t rights)
{
    static const struct word words[] = {
        { PROCSPAWN_PATH_READ, "PROCSPAWN_PATH_READ" },
        { PROCSPAWN_PATH_WRITE, "PROCSPAWN_PATH_WRITE" },
        { PROCSPAWN_PATH_CREATE, "PROCSPAWN_PATH_CREATE" },
    };

    fputs("procspawn_builder_path(builder, \"", stream);
    put_escaped(stream, path, length);
    fputs("\", ", stream);
    put_words(stream, rights, words, sizeof words / sizeof words[0]);
    fputs(");", stream);
}

/* Any port to listen on does for what names none. */
static void put_port(FILE *stream, const struct procspawn__need *need)
{
    fprintf(stream, "procspawn_builder_port(builder, %u, %s);", need->port == 0 ? 1 : need->port,
            need->listens ? "true" : "false");
}

static uint32_t exception_of(const struct procspawn__need *need)
{
    if (need->kind == PROCSPAWN__NEED_THREADS)
        return PROCSPAWN_ALLOW_THREADS;
    return need->kind == PROCSPAWN__NEED_CODE ? PROCSPAWN_ALLOW_CODE : 0;
}

static void put_exceptions(FILE *stream, uint32_t allowed)
{
    static const struct word words[] = {
        { PROCSPAWN_ALLOW_THREADS, "PROCSPAWN_ALLOW_THREADS" },
        { PROCSPAWN_ALLOW_CODE, "PROCSPAWN_ALLOW_CODE" },
    };

    fputs("procspawn_builder_sandbox_allow(builder, ", stream);
    put_words(stream, allowed, words, sizeof words / sizeof words[0]);
    fputs(");", stream);
}

static void put_need(FILE *stream, const struct procspawn__learned_call *call,
                     const struct procspawn__sandbox *sandbox)
{
    const struct procspawn__need *need = &call->need;

    switch (need->kind) {
    case PROCSPAWN__NEED_PROFILE:
        put_profile(stream, need->profile);
        break;
    case PROCSPAWN__NEED_PATH:
        put_path(stream, call->path, call->let_in, need->rights);
        break;
    case PROCSPAWN__NEED_PORT:
        put_port(stream, need);
        break;
    case PROCSPAWN__NEED_THREADS:
    case PROCSPAWN__NEED_CODE:
        put_exceptions(stream, sandbox->allowed | exception_of(need));
        break;
    default:
        break;
    }
}

char *learn__line(const struct procspawn__learned_call *call,
                  const struct procspawn__sandbox *sandbox)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    put_need(stream, call, sandbox);
    return finish(stream, &text);
}

/* ---- all calls ---- */

static bool is_same_path(const struct procspawn__learned_call *a,
                         const struct procspawn__learned_call *b)
{
    return a->let_in == b->let_in && memcmp(a->path, b->path, a->let_in) == 0;
}

static bool is_same_port(const struct procspawn__need *a, const struct procspawn__need *b)
{
    return a->port == b->port && a->listens == b->listens;
}

/* Has one before it said the same? */
static bool is_said(const struct procspawn__learned_call *calls, size_t index)
{
    const struct procspawn__need *need = &calls[index].need;

    for (size_t i = 0; i < index; i++) {
        if (calls[i].need.kind != need->kind)
            continue;
        if (need->kind == PROCSPAWN__NEED_PATH && is_same_path(&calls[i], &calls[index]))
            return true;
        if (need->kind == PROCSPAWN__NEED_PORT && is_same_port(&calls[i].need, need))
            return true;
    }
    return false;
}

static uint32_t joined_rights(const struct procspawn__learned_call *calls, size_t count,
                              const struct procspawn__learned_call *call)
{
    uint32_t rights = 0;

    for (size_t i = 0; i < count; i++) {
        if (calls[i].need.kind == PROCSPAWN__NEED_PATH && is_same_path(&calls[i], call))
            rights |= calls[i].need.rights;
    }
    return rights;
}

/* bind(2) has told a port to listen on already. */
static bool listens_elsewhere(const struct procspawn__learned_call *calls, size_t count,
                              const struct procspawn__need *need)
{
    for (size_t i = 0; need->listens && need->port == 0 && i < count; i++) {
        if (calls[i].need.kind == PROCSPAWN__NEED_PORT && calls[i].need.listens &&
            calls[i].need.port != 0)
            return true;
    }
    return false;
}

static void put_settings(FILE *stream, const struct procspawn__learned_call *calls, size_t count,
                         const struct procspawn__sandbox *sandbox)
{
    uint32_t profile = sandbox->profile, allowed = sandbox->allowed;

    for (size_t i = 0; i < count; i++) {
        const struct procspawn__need *need = &calls[i].need;
        if (need->kind != PROCSPAWN__NEED_REFUSED && need->profile > profile)
            profile = need->profile;
        allowed |= exception_of(need);
    }
    if (profile != (uint32_t)sandbox->profile) {
        put_profile(stream, profile);
        putc('\n', stream);
    }
    if (allowed != sandbox->allowed) {
        put_exceptions(stream, allowed);
        putc('\n', stream);
    }
}

static void put_all(FILE *stream, const struct procspawn__learned_call *calls, size_t count,
                    const struct procspawn__sandbox *sandbox)
{
    put_settings(stream, calls, count, sandbox);
    for (size_t i = 0; i < count; i++) {
        const struct procspawn__learned_call *call = &calls[i];
        if (is_said(calls, i) || listens_elsewhere(calls, count, &call->need))
            continue;
        if (call->need.kind == PROCSPAWN__NEED_PATH)
            put_path(stream, call->path, call->let_in, joined_rights(calls, count, call));
        else if (call->need.kind == PROCSPAWN__NEED_PORT)
            put_port(stream, &call->need);
        else
            continue;
        putc('\n', stream);
    }
}

char *learn__code(const struct procspawn__learned_call *calls, size_t count,
                  const struct procspawn__sandbox *sandbox)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    put_all(stream, calls, count, sandbox);
    return finish(stream, &text);
}
