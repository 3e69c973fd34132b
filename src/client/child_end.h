/*
 * child_end.h - what a server says of the end of a child, and what the root does
 */
#ifndef FORKSCOPE_CLIENT_CHILD_END_H
#define FORKSCOPE_CLIENT_CHILD_END_H

#include "src/client/awaits.h"
#include "src/client/taken.h"
#include <stdbool.h>

/* What has become of a child whose channel ended without DEATH. */
enum procspawn__fate {
    PROCSPAWN__SERVED,          /* its server is there, and will end it */
    PROCSPAWN__LEAVING,         /* its server has died; processes may still be there */
    PROCSPAWN__LEFT_NOTHING     /* the root has seen that they are gone; or the root is gone, too */
};

/* Does not wait. LEAVING ends soon, and wakes nobody: it is to be asked for again. */
enum procspawn__fate procspawn__client_fate(const struct procspawn__taken *taken);

/*
 * Looks for that word, and asks for it; kill: ends the child. Does not wait. Returns 1 while there is
 * none, 0 when the child is gone, or PROCSPAWN_ESERVER when its server died, and it is gone. The
 * child's description stays where it is until procspawn__client_unawait(), which is for any state.
 */
int procspawn__client_await(struct procspawn__await *await, const struct procspawn__taken *taken,
                            bool kill);
void procspawn__client_unawait(struct procspawn__await *await);

#endif
