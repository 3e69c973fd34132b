/*
 * remote.h - raw tasks, for what is neither a function nor a thread: a process
 */
#ifndef FORKSCOPE_SCOPE_REMOTE_H
#define FORKSCOPE_SCOPE_REMOTE_H

#include <forkscope/remote_scope.h>

/*
 * on_cancel(arg) is called once when the task is cancelled, at once if it is already. The tree is
 * locked then: it must not wait, and not call the thread library. It is never called after the done
 * sender has been freed.
 */
void scoped__raw_on_cancel(struct scoped_cancel_receiver *receiver, void (*on_cancel)(void *arg),
                           void *arg);

/* Names the task, for paths of failures. Copied, cut to 15 bytes. */
void scoped__raw_set_name(struct scoped_done_sender *sender, const char *name);

#endif
