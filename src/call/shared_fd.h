/*
 * shared_fd.h - one descriptor for many calls that wait
 *
 * A call that waits to be started needs its working directory and the files of its streams later.
 * Calls that follow each other mostly have the same ones: they share one copy.
 */
#ifndef FORKSCOPE_CALL_SHARED_FD_H
#define FORKSCOPE_CALL_SHARED_FD_H

#include <stdbool.h>

struct procspawn__shared_fd {
    unsigned references;
    int fd;
};

/* One thread at a time uses descriptors that are shared. */

/* Is it the same open file? False also where the kernel does not tell. */
bool procspawn__same_file(int fd, int other);
/* Is it the same directory? */
bool procspawn__same_directory(int fd, int other);

/*
 * Sets *ret_shared to a reference to a copy of fd. *last (it may point to NULL) is the one that was
 * shared last; if it is `same`, it is used, else replaced. 0 or -errno.
 */
int procspawn__shared_fd_copy(int fd, bool (*same)(int fd, int other),
                              struct procspawn__shared_fd **last,
                              struct procspawn__shared_fd **ret_shared);
/* NULL is fine. The last one closes the descriptor; forget: in a child by fork(2), does not. */
void procspawn__shared_fd_drop(struct procspawn__shared_fd *shared);
void procspawn__shared_fd_forget(struct procspawn__shared_fd *shared);

#endif
