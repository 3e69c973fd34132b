/*
 * builder_helpers.c - a builder for each test of a suite
 */
#include "tests/support/builder_helpers.h"

procspawn_builder *builder;

void builder_begin(void)
{
    builder = procspawn_builder_new();
    calls_begin();
}

void builder_end(void)
{
    calls_end();
    procspawn_builder_free(builder);
}
