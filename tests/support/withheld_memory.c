/*
 * withheld_memory.c - a FUSE file system that does not answer reads, for memory and files that
 * block
 */
#include "tests/support/withheld_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FOLDER = FUSE_ROOT_ID, UNREADABLE, UNOPENABLE, FILE_BYTES = 65536, FOR_LONG = 3600 };

static char folder[32];
static char unreadable[64], unopenable[64];
static pid_t keeper;

/* ---- the file system ---- */

static void answer(int fuse, const struct fuse_in_header *request, int error, void *body,
                   size_t length)
{
    struct fuse_out_header head = { .len = (uint32_t)(sizeof head + length), .error = error,
                                    .unique = request->unique };
    struct iovec parts[] = { { &head, sizeof head }, { body, length } };

    if (writev(fuse, parts, 2) < 0)
        _exit(1);
}

static struct fuse_attr attributes(uint64_t node)
{
    return (struct fuse_attr){ .ino = node, .size = FILE_BYTES, .nlink = 1, .blksize = 4096,
                               .mode = node == FOLDER ? S_IFDIR | 0755 : S_IFREG | 0755 };
}

static void answer_init(int fuse, const struct fuse_in_header *request)
{
    struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096 };

    answer(fuse, request, 0, &out, sizeof out);
}

static void answer_lookup(int fuse, const struct fuse_in_header *request)
{
    const char *name = (const char *)(request + 1);
    uint64_t node = strcmp(name, "unopenable") == 0 ? UNOPENABLE : UNREADABLE;
    struct fuse_entry_out out = { .nodeid = node, .entry_valid = FOR_LONG, .attr_valid = FOR_LONG,
                                  .attr = attributes(node) };

    answer(fuse, request, 0, &out, sizeof out);
}

static void answer_getattr(int fuse, const struct fuse_in_header *request)
{
    struct fuse_attr_out out = { .attr_valid = FOR_LONG, .attr = attributes(request->nodeid) };

    answer(fuse, request, 0, &out, sizeof out);
}

static void answer_open(int fuse, const struct fuse_in_header *request)
{
    struct fuse_open_out out = { .fh = 1 };

    if (request->nodeid == UNREADABLE)
        answer(fuse, request, 0, &out, sizeof out);
}

static void serve(int fuse, const struct fuse_in_header *request)
{
    switch (request->opcode) {
    case FUSE_INIT:
        answer_init(fuse, request);
        break;
    case FUSE_LOOKUP:
        answer_lookup(fuse, request);
        break;
    case FUSE_GETATTR:
        answer_getattr(fuse, request);
        break;
    case FUSE_OPEN:
        answer_open(fuse, request);
        break;
    case FUSE_READ:
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break;
    default:
        answer(fuse, request, -ENOSYS, NULL, 0);
    }
}

static void keep(int fuse)
{
    static union {
        struct fuse_in_header head;
        char bytes[65536 + 4096];
    } request;

    while (read(fuse, &request, sizeof request) > 0 || errno == EINTR)
        serve(fuse, &request.head);
    _exit(0);
}

/* ---- for tests ---- */

static bool mount_here(int fuse)
{
    char options[128];

    snprintf(options, sizeof options,
             "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", fuse);
    return fuse >= 0 && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("withheld", folder, "fuse", MS_NOSUID | MS_NODEV, options) == 0;
}

bool withhold_begin(void)
{
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    strcpy(folder, "/tmp/forkscope.XXXXXX");
    if (!mkdtemp(folder))
        return false;
    if (!mount_here(fuse)) {
        if (fuse >= 0)
            close(fuse);
        rmdir(folder);
        return false;
    }
    keeper = fork();
    if (keeper == 0)
        keep(fuse);
    close(fuse);
    snprintf(unreadable, sizeof unreadable, "%s/unreadable", folder);
    snprintf(unopenable, sizeof unopenable, "%s/unopenable", folder);
    return true;
}

void withhold_end(void)
{
    kill(keeper, SIGKILL);
    waitpid(keeper, NULL, 0);
    umount2(folder, MNT_DETACH);
    rmdir(folder);
}

bool withhold_works(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        bool works = withhold_begin();
        if (works)
            withhold_end();
        _exit(works ? 0 : 1);
    }
    return waitpid(pid, &status, 0) == pid && status == 0;
}

bool withhold_page(void *address)
{
    uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)address & ~(size - 1);
    int fd = open(unreadable, O_RDONLY | O_CLOEXEC);
    void *page = mmap((void *)start, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);

    close(fd);
    return page == (void *)start;
}

const char *withhold_file(void)
{
    return unopenable;
}
