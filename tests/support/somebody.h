/*
 * somebody.h - a user that is not root, and who becomes that user
 */
#ifndef FORKSCOPE_SUPPORT_SOMEBODY_H
#define FORKSCOPE_SUPPORT_SOMEBODY_H

#include <sys/types.h>

enum { SOMEBODY = 1234, SOME_GROUP = 2345, OTHER_GROUP = 3456 };

/* Takes this user and these groups, or ends the process; 0: stays root. */
void become(uid_t uid);

#endif
