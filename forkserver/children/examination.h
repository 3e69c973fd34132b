/*
 * examination.h - the unwinding of one child; runs in the reporter
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_EXAMINATION_H
#define FORKSCOPE_FORKSERVER_CHILDREN_EXAMINATION_H

#include "src/crash/backtrace.h"
#include "src/crash/modules.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit status of the reporter: the child did not stop for a failure of its own. */
enum { EXAMINATION_NO_FAILURE = 77 };
/* The child that was to be examined on request is failing by itself just now. */
enum { EXAMINATION_FAILURE = 78 };

struct examination {
    pid_t server;
    pid_t pid;
    bool stopped;
    bool asked;                 /* on request: it neither stopped nor passed a time limit */
    bool own_proc;
    bool with_symbols;
    bool with_places;
    int64_t time_limit;
    const struct modules *at_init;
    int memfd;                  /* for the whole report; -1: none is wanted */
    struct backtrace_brief *brief;
};

/* Called in the process that was just forked. Writes the report, and exits. */
void forkserver__examine(const struct examination *examination) __attribute__((noreturn));

#endif
