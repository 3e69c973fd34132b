/*
 * builder_helpers.h - suites whose tests each have a builder
 */
#ifndef FORKSCOPE_SUPPORT_BUILDER_HELPERS_H
#define FORKSCOPE_SUPPORT_BUILDER_HELPERS_H

#include "tests/support/call_helpers.h"

/* Created before each test, freed after it. */
extern procspawn_builder *builder;

/* For pSetUpFunc and pTearDownFunc: calls_begin and calls_end, and the builder. */
void builder_begin(void);
void builder_end(void);

#define BUILDER_SUITE(name, table) \
    { .pName = name, .pSetUpFunc = builder_begin, .pTearDownFunc = builder_end, .pTests = table }

#endif
