/*
 * advice.c - reads the flags of mappings, and puts them into effect
 */
#include "src/fresh/advice.h"

#include "src/base/maps.h"
#include "src/fresh/raw.h"
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

/* ---- reading ---- */

/* Two letters behind a space, as in "VmFlags: rd wr mr". */
static bool has_flag(const char *line, size_t length, const char *flag)
{
    for (size_t i = 0; i + 2 < length; i++) {
        if (line[i] == ' ' && line[i + 1] == flag[0] && line[i + 2] == flag[1])
            return true;
    }
    return false;
}

static bool tells_flags(const char *line, size_t length)
{
    static const char key[] = "VmFlags:";

    return length >= sizeof key && fresh__same(line, key, sizeof key - 1);
}

/* `mapping`: of the last line that began one. */
static int see_line(struct fresh__saved *saved, const char *line, size_t length,
                    struct mapping *mapping)
{
    if (!tells_flags(line, length)) {
        base__maps_line(line, length, mapping);
        return 0;
    }
    const struct fresh__advice advice = {
        .wiped = has_flag(line, length, "wf"),
        .no_dump = has_flag(line, length, "dd"),
        .no_fork = has_flag(line, length, "dc"),
    };
    if (mapping->shared || !mapping->writable ||
        !(advice.wiped || advice.no_dump || advice.no_fork))
        return 0;
    if (saved->advised_count == FRESH__ADVISED)
        return -E2BIG;
    saved->advised[saved->advised_count++] = (struct fresh__advised){
        { (uintptr_t)mapping->start, (uintptr_t)mapping->end }, advice };
    return 0;
}

/* Sees the whole lines of a text. Returns their length, or -errno. */
static long see_lines(struct fresh__saved *saved, const char *text, size_t length,
                      struct mapping *mapping)
{
    size_t start = 0;
    int rc = 0;

    for (size_t i = 0; i < length && rc == 0; i++) {
        if (text[i] != '\n')
            continue;
        rc = see_line(saved, text + start, i - start, mapping);
        start = i + 1;
    }
    return rc < 0 ? rc : (long)start;
}

int fresh__advice_read(struct fresh__saved *saved, struct fresh__work *work)
{
    struct mapping mapping = { .shared = true };
    size_t length = 0;
    long n = 0;

    saved->advised_count = 0;
    while (length < sizeof work->text &&
           (n = fresh__call(SYS_read, saved->files.advice, work->text + length,
                            sizeof work->text - length)) > 0) {
        length += (size_t)n;
        n = see_lines(saved, work->text, length, &mapping);
        if (n < 0)
            break;
        length -= (size_t)n;
        fresh__copy(work->text, work->text + n, length);
    }
    fresh__call(SYS_close, saved->files.advice);
    return (int)n;
}

struct fresh__advice fresh__advice_at(const struct fresh__saved *saved, uintptr_t start)
{
    for (unsigned i = 0; i < saved->advised_count; i++) {
        if (saved->advised[i].range.start == start)
            return saved->advised[i].advice;
    }
    return (struct fresh__advice){ .wiped = false };
}

bool fresh__advice_same(const struct fresh__advice *a, const struct fresh__advice *b)
{
    return a->wiped == b->wiped && a->no_dump == b->no_dump && a->no_fork == b->no_fork;
}

/* ---- giving ---- */

int fresh__advice_give(const struct fresh__region *region)
{
    const uintptr_t start = region->range.start, length = region->range.end - start;
    long rc = 0;

    if (region->advice.no_dump)
        rc = fresh__call(SYS_madvise, start, length, MADV_DONTDUMP);
    if (rc == 0 && region->advice.no_fork)
        rc = fresh__call(SYS_madvise, start, length, MADV_DONTFORK);
    return (int)rc;
}

int fresh__advice_wipe(const struct fresh__saved *saved)
{
    long rc = 0;

    for (unsigned i = 0; i < saved->advised_count && rc == 0; i++) {
        const struct fresh__range *range = &saved->advised[i].range;
        if (saved->advised[i].advice.wiped)
            rc = fresh__call(SYS_madvise, range->start, range->end - range->start,
                             MADV_DONTNEED);
    }
    return (int)rc;
}
