/*
 * strerror.c - forkscope_strerror: a sentence for each of the library's codes and for errno values
 */
#include "src/image/image.h"
#include <errno.h>
#include <forkscope/error.h>
#include <string.h>

struct sentence {
    int code;
    const char *text;
};

static const struct sentence sentences[] = {
    { SCOPED_ESTALE, "the spawner's owner has ended" },
    { SCOPED_ENOTOWNER, "the spawner belongs to another task or thread" },
    { SCOPED_ECLOSED, "the spawner's owner is ending" },
    { SCOPED_EUNWOUND, "the task left its function by pthread_exit" },
    { SCOPED_ENOTSTARTED, "the task ended without having said that it started" },
    { SCOPED_EOPEN, "another scope is still open inside of this one" },
    { SCOPED_ERUNNING, "tasks are still running" },
    { PROCSPAWN_ECALL, "the call failed" },
    { PROCSPAWN_EJSON, "the value cannot be encoded as JSON" },
    { PROCSPAWN_ENOTINIT, "procspawn_init has not been called in this process" },
    { PROCSPAWN_ETHREADS, "procspawn_init came after a second thread" },
    { PROCSPAWN_ESTART, "the fork server did not come up in time" },
    { PROCSPAWN_ESERVER, "the fork server is gone, or does not answer" },
    { PROCSPAWN_EFUNCTION, "no child can have the function: NULL, in no module, or in a library "
                           "without a build-id that was loaded after init" },
    { PROCSPAWN_EPOOL, "the pool has failed: no worker could be started" },
    { PROCSPAWN_ESHUTDOWN, "the pool takes no more calls: it was shut down or killed, or "
                           "procspawn_fini was called" },
    { PROCSPAWN_ERIGHTS, "the caller may have no child, or none with rights that it lacks" },
    { PROCSPAWN_ENOTOWNER, "the object belongs to another process" },
    { PROCSPAWN_ELIMIT, "more than the limit says" },
    { PROCSPAWN_EVALUE, "the value is not what it should be, or stands for nothing any more" },
    { PROCSPAWN_EDESCRIPTORS, "more descriptors than fit into one message" },
    { 0, "success" },
    { -EINVAL, "invalid argument" },
    { -EBADF, "a descriptor is not open, or not for this" },
    { -EFBIG, "more bytes than a file of this process may have (RLIMIT_FSIZE)" },
    { -EIO, "input or output has failed" },
    { -EMFILE, "this process has no room for a descriptor (RLIMIT_NOFILE)" },
    { -ENFILE, "the machine has no room for a descriptor" },
    { -ENOMEM, "no memory could be had" },
    { -ENOSYS, "the system, or the library as it was built, cannot do this" },
    { -ETIMEDOUT, "not finished in time" },
    { -ETIME, "the time limit of the scope has passed" },
    { -ECANCELED, "cancelled" },
    { -EALREADY, "procspawn_init was called before in this process" },
    { -EPIPE, "the other end of the channel is gone" },
    { -EPERM, "the system does not permit it, or only a task (or a called function) may "
      "call this" },
    { -EDEADLK, "a task cannot wait for itself or for a task above it" },
    { -ENOENT, "no such file or entry" },
    { -ENODATA, "nothing is left to wait for" },
    { -ETOOMANYREFS, "too many descriptors of this user are under way (RLIMIT_NOFILE)" },
    { -EAGAIN, "no thread or process could be had (limits of the user or the machine), or the "
      "queue of the pool is full" },
    { PROCSPAWN_ERANGE, "a number does not fit into the type of its parameter" },
};

const char *forkscope_strerror(int code)
{
    if (code == PROCSPAWN_ENOTINIT && procspawn__image_was_ended())
        return "procspawn_fini was called";
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (sentences[i].code == code)
            return sentences[i].text;
    }
    const char *text = code <= 0 ? strerrordesc_np(-code) : NULL;
    return text ? text : "unknown error";
}
