/*
 * status.h - umask, capabilities, no_new_privs and seccomp state of the calling thread
 *
 * They are read from /proc/self/status. Without /proc they are read by single system calls; that
 * takes longer, and the number of seccomp filters remains unknown. umask(2) is never called in the
 * calling process, because it would change the umask for its other threads.
 */
#ifndef FORKSCOPE_RIGHTS_STATUS_H
#define FORKSCOPE_RIGHTS_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procspawn__capabilities {
    uint64_t inheritable, permitted, effective, bounding, ambient;
};

/* Rights, other than ids, that a thread can give up for ever. */
struct procspawn__rights {
    struct procspawn__capabilities capabilities;
    uint32_t securebits;
    uint32_t no_new_privs;      /* 0 or 1 */
};

struct procspawn__status {
    mode_t umask;
    uint64_t pid;               /* process id in the file, by the pid namespace of its /proc */
    struct procspawn__rights rights;
    unsigned seccomp;           /* mode: 0 for none */
    bool counted;               /* `filters` is known */
    unsigned filters;
};

/* Reads the state of the calling thread. 0 or -errno. */
int procspawn__status_read(struct procspawn__status *ret_status);

/*
 * Read a status file of /proc in new memory, 0 or -errno; and parse it, false if a key is missing.
 * The securebits are not set: the file does not contain them.
 */
int procspawn__status_text(const char *path, char **ret_text);
bool procspawn__status_parse(const char *text, struct procspawn__status *ret_status);

/* Closes the status file, which stays open from call to call; the next read opens it again. */
void procspawn__status_close(void);

#endif
