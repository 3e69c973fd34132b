/*
 * confine.h - what a parser may do, and how much
 */
#ifndef VET_CONFINE_H
#define VET_CONFINE_H

#include "examples/vet/options.h"

#include <forkscope/builder.h>

/*
 * Gives the builder the sandbox and the limits that were asked for; but for the time limit, which
 * belongs to a file. Returns 0 or a negative errno value.
 */
int confine(procspawn_builder *builder, const struct options *options);

/*
 * Makes a call that does nothing in such a process. Returns true if that works; else it has printed
 * why it does not, and what can be done.
 */
bool confine_works(const struct options *options);

#endif
