/*
 * sender.h - a call asks for no more than who sent it may have
 *
 * Children are forked from the image at init, and may be more than the process that calls is by
 * now: a program that gave up root, or a child that runs as somebody else. What the call says of
 * ids and limits is its sender's claim; the kernel's word on who that is decides.
 */
#ifndef FORKSCOPE_PROC_SENDER_H
#define FORKSCOPE_PROC_SENDER_H

#include "src/proc/internal.h"

struct procspawn__sender {
    pid_t pid;
    bool limited;               /* its resource limits bind: these hard ones */
    rlim_t hard[PROCSPAWN__RESOURCES];
    bool checked;               /* its ids bind: those below */
    uid_t uid[3];               /* real, effective, saved */
    gid_t gid[3];
    gid_t *groups;
    size_t group_count;
    uint64_t capabilities;      /* permitted */
};

/*
 * Who sent the frame. Returns 0, -EPERM when it is not who asked for the child, or -errno. Released
 * by procspawn__sender_fini().
 */
int procspawn__sender_identify(const struct wire_frame *frame, const struct forkserver_child *self,
                               struct procspawn__sender *ret_sender);
void procspawn__sender_fini(struct procspawn__sender *sender);

/* Lowers the hard limits of this process to the sender's. */
int procspawn__sender_bind_limits(const struct procspawn__sender *sender);

/* Is this process, as it has become, within what the sender could be? Returns 0 or -EPERM. */
int procspawn__sender_check(const struct procspawn__sender *sender);

/* Could this process give a child more than another one of its user's? */
bool procspawn__sender_privileged(void);

#endif
