#include "tests/support/somebody.h"

#include <grp.h>
#include <unistd.h>

void become(uid_t uid)
{
    static const gid_t groups[] = { OTHER_GROUP, SOME_GROUP };

    if (uid != 0 && (setgroups(2, groups) != 0 ||
                     setresgid(SOME_GROUP, SOME_GROUP, SOME_GROUP) != 0 ||
                     setresuid(uid, uid, uid) != 0))
        _exit(1);
}
