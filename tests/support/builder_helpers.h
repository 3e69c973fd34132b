/*
 * builder_tools.h - suites whose tests each have a builder
 */
#ifndef TESTS_BUILDER_TOOLS_H
#define TESTS_BUILDER_TOOLS_H

#include "tests/support/call_helpers.h"

/* Made before each test, freed after it. */
extern procspawn_builder *builder;

/* For pSetUpFunc and pTearDownFunc: calls_begin and calls_end, with the builder. */
void builder_begin(void);
void builder_end(void);

#define BUILDER_SUITE(name, table) \
    { .pName = name, .pSetUpFunc = builder_begin, .pTearDownFunc = builder_end, .pTests = table }

#endif
