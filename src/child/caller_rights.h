/*
 * caller_rights.h - limits a child to the rights of the process that sent the call
 *
 * A child is forked from the process at init, and may have more rights than the sender has now: the
 * program gave up root, or the sender is a child that runs as another user. A call only claims what
 * its sender is. The kernel's information decides, and only that of the time of sending: the sender
 * may execute a set-user-ID program right afterwards, and is then another user's process.
 *
 * The ids on the message come from the kernel, as of the time of sending. The rest is read after
 * the child has taken these ids and has no effective capability: then prlimit(2) works only for a
 * process with the same ids, and the status file is used only if it shows the same ids. One case is
 * not covered: a program may execute a file with capabilities, and so lend these to its child.
 *
 * A nested call is sent by a child. The sender has no capabilities that its child could get. A
 * sender that the program started, and that has the ids of init, has the rights of processes forked
 * at init (a peer), because a child with fewer rights may not have children; its child may choose a
 * user. The child of any other sender has the ids on the message.
 */
#ifndef FORKSCOPE_CHILD_CALLER_RIGHTS_H
#define FORKSCOPE_CHILD_CALLER_RIGHTS_H

#include "forkserver/forkserver.h"
#include "src/wire/frame.h"
#include <stdbool.h>
#include <sys/types.h>

struct procspawn__sender {
    pid_t pid;
    pid_t thread;               /* that sent the call; the main thread if the call names none */
    uid_t uid;
    gid_t gid;
    bool nested;                /* the sender is a child */
    bool peer;                  /* nested, and has the rights of processes forked at init */
    bool checked;               /* the program: was privileged at init, and is not root now */
};

/* Identifies the sender of a frame by its credentials. 0; -EPERM: it is not the process that asked
 * for the child or, in a worker, another user than the sender of the first call. */
int procspawn__sender_identify(const struct wire_frame *frame, const struct forkserver_child *self,
                               struct procspawn__sender *ret_sender);

/* The next two are called when this process has the ids of the sender. */

/* Lowers the hard resource limits of this process to the sender's. 0 or -errno. */
int procspawn__sender_bind_limits(const struct procspawn__sender *sender);

/* Has this process no right that the sender has not? 0; -EPERM; or -errno: cannot be read. */
int procspawn__sender_check(const struct procspawn__sender *sender);

/* At init, after procspawn__identity_record: has the process root's id or a capability? */
bool procspawn__sender_privileged(void);

#endif
