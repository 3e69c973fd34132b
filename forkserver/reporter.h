/*
 * reporter.h - backtraces of children, made by a reporter process
 */
#ifndef FORKSCOPE_FORKSERVER_REPORTER_H
#define FORKSCOPE_FORKSERVER_REPORTER_H

#include <stdbool.h>
#include <sys/types.h>

struct child;
struct children;
struct server;

/*
 * Starts the report on a child that hangs, or that has stopped. Both return false if there will be
 * none.
 */
bool forkserver__report_hang(struct server *s, struct child *child);
bool forkserver__report_stop(struct server *s, struct child *child);
/* Sends what there is, without waiting for the reporter. */
void forkserver__report_end(struct server *s, struct child *child);
bool forkserver__is_reporter(const struct children *children, pid_t pid);
/* Called for each reaped process that was not a child. */
void forkserver__reporter_died(struct server *s, pid_t pid, int status);

#endif
