/*
 * inside.h - the frame around a called function (tree.h tells what it offers)
 */
#ifndef FORKSCOPE_PROC_INSIDE_H
#define FORKSCOPE_PROC_INSIDE_H


/* Around each call; the end waits for the tasks that the function has left. */
void procspawn__inside_begin(void);
void procspawn__inside_end(void);

#endif
