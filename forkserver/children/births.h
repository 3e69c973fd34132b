/*
 * births.h - have all children closed the descriptors that they inherited?
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_BIRTHS_H
#define FORKSCOPE_FORKSERVER_CHILDREN_BIRTHS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Detects that all children forked so far have closed their inherited descriptors. Each child holds
 * one end of a socket pair until it has; when the last has closed it, the other end hangs up. -1:
 * closed.
 */
struct births {
    int mark;                   /* the end for new children; `seen` is its other end */
    int seen;
    int earlier;                /* the other end for earlier children, while any holds its end */
    int64_t give_up_at;         /* when to stop waiting for the earlier children */
};

void forkserver__births_init(struct births *births);
/*
 * Returns the descriptor that the next child holds until it has closed its inherited descriptors,
 * or -errno.
 */
int forkserver__births_mark(struct births *births);
/* Have all children so far closed their inherited descriptors? */
bool forkserver__births_over(struct births *births);

#endif
