/*
 * reporter.h - backtraces of children, made by a reporter process
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_REPORTER_H
#define FORKSCOPE_FORKSERVER_CHILDREN_REPORTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child;
struct requester;
struct server;

/*
 * Starts the report on a child that hangs, or that has stopped. Both return false if there will be
 * none.
 */
bool forkserver__report_hang(struct server *s, struct child *child);
bool forkserver__report_stop(struct server *s, struct child *child);
/* Starts the report on a child that runs, for its requester, which gets the answer. */
void forkserver__report_asked(struct server *s, struct child *child, uint64_t question);
/* Answers a question without a report. */
void forkserver__report_refuse(const struct requester *requester, uint64_t question, int error);
/*
 * Sends what there is, without waiting for the reporter. The caller decides whether the child
 * continues or is killed.
 */
void forkserver__report_end(struct server *s, struct child *child);
/* The child did not stop for a failure of its own: there is nothing to report. */
void forkserver__report_drop(struct child *child);
bool forkserver__is_reporter(const struct server *s, pid_t pid);
/*
 * Called for each reaped process that was not a child. Returns the child that it was the reporter
 * of, or NULL.
 */
struct child *forkserver__reporter_died(struct server *s, pid_t pid);
/*
 * By this wait status of its reporter, has the child that was to be examined on request failed by
 * itself meanwhile? Then it is a stop that is to be reported.
 */
bool forkserver__report_is_late(const struct child *child, int status);
/* By this wait status of its reporter, did the child stop for a failure of its own? */
bool forkserver__report_is_failure(const struct child *child, int status);

#endif
