/*
 * servers.h - the servers as a whole: their beginning and their end
 */
#ifndef FORKSCOPE_CLIENT_SERVERS_H
#define FORKSCOPE_CLIENT_SERVERS_H

#include <stdint.h>
#include <sys/types.h>

int procspawn__client_open(int root_link, unsigned servers, int64_t deadline);
/* In a child, which has its link from birth. */
void procspawn__client_adopt(int link, pid_t server);
void procspawn__client_close(void);
/* The same for what a fork left, where the lock may be held by a thread that is not there. */
void procspawn__client_forget(void);
/* Tells the root that the end has come. */
int procspawn__client_end(int64_t grace);
/* Waits until the root has closed its link. 0 or -ETIMEDOUT. */
int procspawn__client_wait_end(int64_t deadline);
/* Waits for servers that outlived the root and became children of this process. The same. */
int procspawn__client_bury(int64_t deadline);
/* Of those that are left there is no more to be seen. */
void procspawn__client_let_go(void);
/* Waits a while for news. 0, -ETIMEDOUT at the deadline, or -ECANCELED; a cancellation point. */
int procspawn__client_wait(int64_t deadline);

#endif
