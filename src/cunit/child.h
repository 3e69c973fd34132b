/*
 * child.h - the process of one test
 */
#ifndef FORKSCOPE_CUNIT_CHILD_H
#define FORKSCOPE_CUNIT_CHILD_H

#include "src/cunit/case.h"

/* Runs the test in this process, which was forked for it, and ends the process. */
_Noreturn void procspawn__cunit_child(const struct test_case *test_case,
                                      const struct run_settings *settings);

#endif
