/*
 * sender.h - a call asks for no more than who sent it may have
 *
 * Children are forked from the image at init, and may be more than the process that calls is by
 * now: a program that gave up root, or a child that runs as somebody else. What a call says of its
 * sender is a claim. Only the kernel's word decides, and only on what held when the call was sent:
 * a sender may execute a set-user-ID program right after that, and is another user's process then,
 * whom no one asked.
 *
 * The ids on the message are the kernel's, of that moment. What they do not tell is asked for when
 * the child has them, and no capability: then the kernel answers (prlimit(2)) for a process with
 * the same ids alone, and the status file counts if it shows the same ids. Only a program that
 * executes another one with file capabilities can still lend these to a child of its own.
 *
 * A child that asks (nested) has no capabilities to give. One that the program made, with the ids
 * of init, can do what processes of init can (a peer), for all that differ in rights have no
 * children; so its child may choose a user. Any other one's has the ids on the message.
 */
#ifndef FORKSCOPE_PROC_SENDER_H
#define FORKSCOPE_PROC_SENDER_H

#include "forkserver/forkserver.h"
#include "src/wire/frame.h"
#include <stdbool.h>
#include <sys/types.h>

struct procspawn__sender {
    pid_t pid;
    pid_t thread;               /* that sent the call; the main one if not told */
    uid_t uid;
    gid_t gid;
    bool nested;
    bool peer;
    bool checked;               /* a program that was privileged at init, and is not root */
};

/* Who sent the frame. Returns 0, or -EPERM when it is not who asked for the child, or, in a worker,
 * another user than the one whom that was made for. */
int procspawn__sender_identify(const struct wire_frame *frame, const struct forkserver_child *self,
                               struct procspawn__sender *ret_sender);

/* The rest is called when this process has the ids of the sender. */

/* Lowers the hard limits of this process to the sender's. */
int procspawn__sender_bind_limits(const struct procspawn__sender *sender);

/* Is this process no more than the sender? Returns 0, -EPERM, or -errno when it cannot be known. */
int procspawn__sender_check(const struct procspawn__sender *sender);

/* Could this process give a child more than another one of its user's? */
bool procspawn__sender_privileged(void);

#endif
