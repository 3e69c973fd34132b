/*
 * retire.h - what becomes of a dead child
 */
#ifndef FORKSCOPE_FORKSERVER_RETIRE_H
#define FORKSCOPE_FORKSERVER_RETIRE_H

struct server;

/*
 * Frees the dead children that have left nothing, after telling of their deaths. One that died
 * before it read its call gets another process.
 */
void forkserver__retire(struct server *s);

#endif
