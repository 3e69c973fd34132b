/*
 * child_end.h - whether a child is gone: asks its server or, if that died, the root
 */
#ifndef FORKSCOPE_CLIENT_CHILD_END_H
#define FORKSCOPE_CLIENT_CHILD_END_H

#include "src/client/awaits.h"
#include "src/client/lock.h"
#include "src/client/remote_child.h"
#include <stdbool.h>

/* The state of a child whose channel ended without DEATH. */
enum procspawn__fate {
    PROCSPAWN__SERVED,          /* its server lives and will end it */
    PROCSPAWN__LEAVING,         /* its server has died; some of its processes may still live */
    PROCSPAWN__LEFT_NOTHING     /* the root has reported that they are gone; or the root died */
};

/* Does not wait. The end of LEAVING causes no wake-up: the caller has to ask again. */
enum procspawn__fate procspawn__client_fate(const struct procspawn__remote_child *child)
    EXCLUDES(client_lock);

/*
 * The servers and the root have died: nobody ends what their children have left, and nobody reports
 * it. Does not wait.
 */
bool procspawn__client_is_deserted(void) EXCLUDES(client_lock);

/*
 * Asks the server for the end of a child, and again from time to time; kill: has it end the child.
 * Does not wait. 0: the child is gone; 1: not yet; PROCSPAWN_ESERVER: it is gone, and its server
 * died before. *child must stay valid until procspawn__client_unawait, which is always allowed.
 */
int procspawn__client_await(struct procspawn__await *await,
                            const struct procspawn__remote_child *child, bool kill)
    EXCLUDES(client_lock);
void procspawn__client_unawait(struct procspawn__await *await) EXCLUDES(client_lock);

#endif
