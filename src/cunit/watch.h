/*
 * watch.h - the runner's side of one test
 */
#ifndef FORKSCOPE_CUNIT_WATCH_H
#define FORKSCOPE_CUNIT_WATCH_H

#include "src/cunit/case.h"
#include "src/cunit/result.h"

/* Runs the test in a process of its own, and returns its result. */
void procspawn__cunit_watch(const struct test_case *test_case, const struct run_settings *settings,
                            struct result *ret_result);

#endif
