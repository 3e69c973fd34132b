/*
 * learner.h - the learner: the process that answers the system calls of functions that are learned
 *
 * A filter has each denied system call wait for an answer, which comes by a descriptor of the
 * filter, the listener. The learner is the only process that keeps it. It notes what the call
 * needs, and answers that it may go on. When the learner dies such calls fail with ENOSYS.
 *
 * It ends when nobody can send it a listener any more and all filtered processes have ended.
 */
#ifndef FORKSCOPE_LEARN_LEARNER_H
#define FORKSCOPE_LEARN_LEARNER_H

#include <jansson.h>

/*
 * The function of the learner. It reads LEARN, from the program, and then LISTENER, from children,
 * from stdin, a socket.
 */
json_t *procspawn__learner_run(json_t *unused);

#endif
