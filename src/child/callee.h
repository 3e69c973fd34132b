/*
 * callee.h - begin and end of a called function, as needed by the functions of tree.h
 */
#ifndef FORKSCOPE_CHILD_CALLEE_H
#define FORKSCOPE_CHILD_CALLEE_H


/* Called before and after the function; the end waits for the tasks that it left. */
void procspawn__callee_begin(void);
void procspawn__callee_end(void);
/* Runs the callback for the end of a function: when it has returned, and before an exit in it. */
void procspawn__callee_finish(void);

#endif
