/*
 * prepared.c - children that are in their sandbox already, and wait for a call
 */
#include "src/call/prepared.h"

#include "src/base/fd.h"
#include "src/client/take.h"
#include "src/image/image.h"
#include "src/wire/call.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <fcntl.h>
#include <forkscope/sandbox.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* LONGEST: of a preparation, in bytes. */
enum { CHILDREN_MAX = 4, EACH_MAX = 2, LONGEST = 16 * 1024 };

struct procspawn__preparation {
    size_t length;              /* of what is sent: struct wire_call and its block */
    size_t compared;            /* with what follows: a struct file for each path */
    unsigned char bytes[];
};

/* What a path that is let in leads to. A child that waits keeps the number from being used anew. */
struct file {
    uint64_t device;
    uint64_t inode;
};

struct prepared {
    struct procspawn__preparation *preparation;
    struct procspawn__remote_child child;
};

/* The oldest first. */
static struct prepared children[CHILDREN_MAX] GUARDED_BY(prepared_lock);
static unsigned child_count GUARDED_BY(prepared_lock);
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock(void) LOCKS(prepared_lock)
{
    pthread_mutex_lock(&mutex);
}

static void unlock(void) UNLOCKS(prepared_lock)
{
    pthread_mutex_unlock(&mutex);
}

/* ---- the preparation ---- */

/* Of the call itself: they do not differ before it comes. */
static const uint32_t later_flags = WIRE_CALL_FD_STDIN | WIRE_CALL_FD_STDOUT |
                                    WIRE_CALL_FD_STDERR | WIRE_CALL_ENVIRONMENT | WIRE_CALL_LINES |
                                    WIRE_CALL_TELL_BEGIN | WIRE_CALL_RESERVED_KEYS;

/* A hook may do something that is meant for one call only; a library is not loaded inside. */
static bool is_suitable(const procspawn_builder *builder, const struct procspawn__request *request)
{
    return builder->sandbox.profile != PROCSPAWN_SANDBOX_NONE &&
           builder->sandbox.denial != PROCSPAWN_DENIAL_LEARN && !builder->hook &&
           !procspawn__image.is_child && request->cwd < 0 && !request->block.overflow &&
           !(request->call.flags & WIRE_CALL_LIBRARY) && request->block.length <= LONGEST;
}

/* A relative path is the child's: relative to the directory that the builder sets, if it does. */
static bool look_up(const procspawn_builder *builder, const char *path, struct file *ret_file)
{
    struct statx status;

    if ((path[0] != '/' && builder->cwd) ||
        statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &status) < 0)
        return false;
    *ret_file = (struct file){ (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor,
                               status.stx_ino };
    return true;
}

static bool look_up_all(const procspawn_builder *builder, unsigned char *bytes)
{
    const struct procspawn__sandbox *sandbox = &builder->sandbox;

    for (uint32_t i = 0; i < sandbox->path_count; i++) {
        struct file file;
        if (!look_up(builder, sandbox->paths[i].path, &file))
            return false;
        memcpy(bytes + i * sizeof file, &file, sizeof file);
    }
    return true;
}

struct procspawn__preparation *procspawn__preparation_new(const procspawn_builder *builder,
                                                          const struct procspawn__request *request)
{
    const struct wire_writer *block = &request->block;
    struct wire_call call = request->call;

    if (!is_suitable(builder, request))
        return NULL;
    const size_t files = builder->sandbox.path_count * sizeof(struct file);
    const size_t after = request->environment_at + request->environment_length;
    struct procspawn__preparation *preparation =
        malloc(sizeof *preparation + sizeof call + block->length + files);
    if (!preparation)
        return NULL;
    call.flags = (call.flags & ~later_flags) | WIRE_CALL_PREPARE | WIRE_CALL_KEEP_ALIVE |
                 WIRE_CALL_AHEAD;
    call.function = (struct wire_function){ .offset = 0 };
    call.block_length = block->length - request->environment_length;
    preparation->length = sizeof call + call.block_length;
    preparation->compared = preparation->length + files;
    unsigned char *to = preparation->bytes;
    memcpy(to, &call, sizeof call);
    if (block->length > 0) {
        memcpy(to + sizeof call, block->bytes, request->environment_at);
        memcpy(to + sizeof call + request->environment_at, block->bytes + after,
               block->length - after);
    }
    if (look_up_all(builder, to + preparation->length))
        return preparation;
    free(preparation);
    return NULL;
}

void procspawn__preparation_free(struct procspawn__preparation *preparation)
{
    free(preparation);
}

static bool are_same(const struct procspawn__preparation *a, const struct procspawn__preparation *b)
{
    return a->length == b->length && a->compared == b->compared &&
           memcmp(a->bytes, b->bytes, a->compared) == 0;
}

/* ---- the children ---- */

static void remove_child(unsigned index) REQUIRES(prepared_lock)
{
    free(children[index].preparation);
    child_count--;
    memmove(&children[index], &children[index + 1], (child_count - index) * sizeof children[0]);
}

static void drop_child(unsigned index) REQUIRES(prepared_lock)
{
    base__fd_close(children[index].child.channel);
    remove_child(index);
}

/* A child sends nothing before it is called: what is there tells that it has failed or ended. */
static bool is_waiting(const struct procspawn__remote_child *child)
{
    struct pollfd channel = { .fd = child->channel, .events = POLLIN };

    return base__fd_is_ours(child->channel) && poll(&channel, 1, 0) == 0;
}

static void drop_ended(void) REQUIRES(prepared_lock)
{
    for (unsigned i = child_count; i-- > 0;) {
        if (!is_waiting(&children[i].child))
            drop_child(i);
    }
}

bool procspawn__prepared_take(const struct procspawn__preparation *preparation,
                              struct procspawn__remote_child *ret_child)
{
    bool found = false;

    if (!preparation)
        return false;
    lock();
    drop_ended();
    for (unsigned i = 0; i < child_count && !found; i++) {
        if (!are_same(children[i].preparation, preparation))
            continue;
        *ret_child = children[i].child;
        remove_child(i);
        found = true;
    }
    unlock();
    return found;
}

static bool is_enough(const struct procspawn__preparation *preparation) REQUIRES(prepared_lock)
{
    unsigned same = 0;

    for (unsigned i = 0; i < child_count; i++)
        same += are_same(children[i].preparation, preparation);
    return same >= EACH_MAX;
}

/* The child is closed if it cannot be sent the message. */
static bool prepare(const struct procspawn__preparation *preparation,
                    struct procspawn__remote_child *ret_child)
{
    struct procspawn__child_request request = { .asked = false };
    int rc = procspawn__client_step(&request, ret_child);

    if (rc == 1)
        procspawn__client_cancel_request(&request);
    if (rc != 0)
        return false;
    if (procspawn__request_send_bytes(preparation->bytes, preparation->length,
                                      ret_child->channel) == 0)
        return true;
    base__fd_close(ret_child->channel);
    return false;
}

static void add(const struct prepared *one) REQUIRES(prepared_lock)
{
    if (child_count == CHILDREN_MAX)
        drop_child(0);
    children[child_count++] = *one;
}

void procspawn__prepared_add(struct procspawn__preparation *preparation)
{
    struct prepared one = { .preparation = preparation };

    if (!preparation)
        return;
    lock();
    drop_ended();
    bool enough = is_enough(preparation);
    unlock();
    if (enough || !prepare(preparation, &one.child)) {
        free(preparation);
        return;
    }
    lock();
    add(&one);
    unlock();
}

void procspawn__prepared_drop(void)
{
    lock();
    while (child_count > 0)
        drop_child(child_count - 1);
    unlock();
}

void procspawn__prepared_forget(void)
{
    pthread_mutex_init(&mutex, NULL);
    procspawn__prepared_drop();
}
