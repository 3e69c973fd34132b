/*
 * status.c - compares /proc/self/status with what it was
 */
#include "src/fresh/status.h"

#include "src/fresh/raw.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What follows from a difference. */
enum meaning {
    STRICT,                     /* it cannot be put back */
    NO_MATTER,                  /* it changes by itself, or is put back in any case */
    MAPPINGS, ACTIONS, NAME, PROCESSORS
};

static const struct {
    const char *key;
    enum meaning meaning;
} lines[] = {
    { "Name", NAME },
    { "Umask", NO_MATTER },
    { "State", NO_MATTER },
    { "Ngid", NO_MATTER },
    { "FDSize", NO_MATTER },
    { "VmPeak", NO_MATTER },
    { "VmSize", MAPPINGS },
    { "VmLck", NO_MATTER },
    { "VmPin", NO_MATTER },
    { "VmHWM", NO_MATTER },
    { "VmRSS", NO_MATTER },
    { "RssAnon", NO_MATTER },
    { "RssFile", NO_MATTER },
    { "RssShmem", NO_MATTER },
    { "VmData", MAPPINGS },
    { "VmStk", MAPPINGS },
    { "VmExe", MAPPINGS },
    { "VmLib", MAPPINGS },
    { "VmPTE", NO_MATTER },
    { "VmSwap", NO_MATTER },
    { "HugetlbPages", MAPPINGS },
    { "SigQ", NO_MATTER },
    { "SigPnd", NO_MATTER },
    { "ShdPnd", NO_MATTER },
    { "SigBlk", NO_MATTER },
    { "SigIgn", ACTIONS },
    { "SigCgt", ACTIONS },
    { "Cpus_allowed", PROCESSORS },
    { "Cpus_allowed_list", PROCESSORS },
    { "THP_enabled", NO_MATTER },
    { "Mems_allowed", NO_MATTER },
    { "Mems_allowed_list", NO_MATTER },
    { "voluntary_ctxt_switches", NO_MATTER },
    { "nonvoluntary_ctxt_switches", NO_MATTER },
};

struct line {
    const char *start;
    size_t length;
};

/* Takes the first line of the text. False at its end. */
static bool take_line(const char **text, const char *end, struct line *ret_line)
{
    const char *start = *text;

    if (start == end)
        return false;
    while (*text < end && **text != '\n')
        ++*text;
    *ret_line = (struct line){ start, (size_t)(*text - start) };
    if (*text < end)
        ++*text;
    return true;
}

static bool has_key(const struct line *line, const char *key)
{
    size_t i = 0;

    for (; key[i]; i++) {
        if (i == line->length || line->start[i] != key[i])
            return false;
    }
    return i < line->length && line->start[i] == ':';
}

static bool same_key(const struct line *a, const struct line *b)
{
    size_t i = 0;

    while (i < a->length && i < b->length && a->start[i] == b->start[i] && a->start[i] != ':')
        i++;
    return i < a->length && i < b->length && a->start[i] == ':' && b->start[i] == ':';
}

static enum meaning meaning_of(const struct line *line)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (has_key(line, lines[i].key))
            return lines[i].meaning;
    }
    return STRICT;
}

/* Returns whether the difference can be put back. */
static bool note(enum meaning meaning, struct fresh__found *found)
{
    switch (meaning) {
    case STRICT:
        return false;
    case NO_MATTER:
        return true;
    case MAPPINGS:
        found->mappings = true;
        return true;
    case ACTIONS:
        found->actions = true;
        return true;
    case NAME:
        found->name = true;
        return true;
    case PROCESSORS:
        found->processors = true;
        return true;
    }
    return false;
}

/* Goes on to the start of the first line that differs, or to the end of one of the texts. */
static void skip_same(const char **was, const char *was_end, const char **is, const char *is_end)
{
    const size_t left = (size_t)(was_end - *was), right = (size_t)(is_end - *is);
    const size_t most = left < right ? left : right;
    uint64_t word, other;
    size_t same = 0;

    for (; same + sizeof word <= most; same += sizeof word) {
        __builtin_memcpy(&word, *was + same, sizeof word);
        __builtin_memcpy(&other, *is + same, sizeof other);
        if (word != other)
            break;
    }
    while (same < most && (*was)[same] == (*is)[same])
        same++;
    if (same < left || same < right) {
        while (same > 0 && (*was)[same - 1] != '\n')
            same--;
    }
    *was += same;
    *is += same;
}

/*
 * The lines are those of the same kernel, so they come in the same order. A name may change the
 * number of bytes of its line, but not of lines: the kernel escapes newlines in it.
 */
const char *fresh__status_compare(const char *was, size_t was_length, const char *is,
                                  size_t is_length, struct fresh__found *found)
{
    const char *was_end = was + was_length, *is_end = is + is_length;
    struct line before, now;

    for (;;) {
        skip_same(&was, was_end, &is, is_end);
        if (!take_line(&was, was_end, &before))
            return is == is_end ? NULL : "the status of the process";
        if (!take_line(&is, is_end, &now) || !same_key(&before, &now) ||
            !note(meaning_of(&before), found))
            return "ids, rights, filters, threads, tracer, group or session";
    }
}

bool fresh__status_is_zero(const char *text, size_t length, const char *key)
{
    const char *end = text + length;
    struct line line;

    while (take_line(&text, end, &line)) {
        if (!has_key(&line, key))
            continue;
        for (size_t i = 0; i < line.length; i++) {
            if (line.start[i] >= '1' && line.start[i] <= '9')
                return false;
        }
    }
    return true;
}

/* ---- this process ---- */

/* The kernel writes all of it at once. */
long fresh__status_read(const struct fresh__saved *saved, char *text)
{
    long length = fresh__call(SYS_pread64, saved->files.status, text, FRESH__STATUS, 0);
    return length < FRESH__STATUS ? length : -E2BIG;
}

const char *fresh__status_look(const struct fresh__saved *saved, struct fresh__work *work)
{
    long length = fresh__status_read(saved, work->status);

    if (length <= 0)
        return "the status of the process cannot be read";
    return fresh__status_compare(saved->status, saved->status_length, work->status,
                                 (size_t)length, &work->found);
}
