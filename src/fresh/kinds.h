/*
 * kinds.h - the kinds of state that the kernel keeps of a process, but for memory and descriptors
 *
 * Each kind is saved at the snapshot. Before the answer to a call is sent, each is looked at: what
 * has changed and cannot be put back costs the process. After the answer it is put back.
 */
#ifndef FORKSCOPE_FRESH_KINDS_H
#define FORKSCOPE_FRESH_KINDS_H

#include "src/fresh/area.h"
#include <stdbool.h>

struct fresh__kind {
    const char *name;
    /* False: this state cannot be saved. */
    bool (*save)(struct fresh__saved *saved, struct fresh__work *work);
    /* False: it has changed, and cannot be put back. NULL: that does not happen. */
    bool (*look)(const struct fresh__saved *saved, struct fresh__work *work);
    /* False: it could not be put back. NULL: looking has done it. */
    bool (*put_back)(const struct fresh__saved *saved, struct fresh__work *work);
};

extern const struct fresh__kind fresh__kinds[];
extern const unsigned fresh__kind_count;

/* Name of the first kind that fails; NULL: none. */
const char *fresh__kinds_save(struct fresh__saved *saved, struct fresh__work *work);
const char *fresh__kinds_look(const struct fresh__saved *saved, struct fresh__work *work);
const char *fresh__kinds_put_back(const struct fresh__saved *saved, struct fresh__work *work);

#endif
