/*
 * need.c - what lets a system call into a sandbox
 */
#include "src/sandbox/need.h"

#include "src/sandbox/path.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void refuse(struct procspawn__need *need, enum procspawn__need_reason reason)
{
    *need = (struct procspawn__need){ .kind = PROCSPAWN__NEED_REFUSED, .reason = reason };
}

/* ---- by numbers ---- */

static bool makes_a_process(long number)
{
    static const long numbers[] = {
        SYS_clone, SYS_clone3, SYS_execve, SYS_execveat,
#ifdef SYS_fork
        SYS_fork, SYS_vfork,
#endif
    };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i] == number)
            return true;
    }
    return false;
}

/* Landlock refuses what the filter lets through. */
static bool is_of_landlock(long number)
{
#ifdef SYS_symlink
    if (number == SYS_symlink)
        return true;
#endif
    return number == SYS_symlinkat;
}

/* The answers that a C library knows to go without; 0: it is none of them. */
static int answer_of(enum sandbox_verdict verdict)
{
    switch (verdict) {
    case SANDBOX_ENOSYS:
        return ENOSYS;
    case SANDBOX_EINVAL:
        return EINVAL;
    case SANDBOX_EOPNOTSUPP:
        return EOPNOTSUPP;
    default:
        return 0;
    }
}

static bool is_let_in(enum sandbox_verdict verdict)
{
    return verdict == SANDBOX_ALLOW || verdict == SANDBOX_THREADS || verdict == SANDBOX_CODE ||
           verdict == SANDBOX_LISTEN;
}

static enum procspawn__need_kind kind_of(enum sandbox_verdict verdict,
                                         enum procspawn_sandbox profile)
{
    switch (verdict) {
    case SANDBOX_THREADS:
        return PROCSPAWN__NEED_THREADS;
    case SANDBOX_CODE:
        return PROCSPAWN__NEED_CODE;
    case SANDBOX_LISTEN:
        return PROCSPAWN__NEED_PORT;
    default:
        return profile == PROCSPAWN_SANDBOX_COMPUTE ? PROCSPAWN__NEED_NOTHING
                                                    : PROCSPAWN__NEED_PROFILE;
    }
}

int procspawn__need_find(long number, const uint64_t argument[SANDBOX_ARGUMENTS], pid_t own,
                         struct procspawn__need *ret_need)
{
    *ret_need = (struct procspawn__need){ .kind = PROCSPAWN__NEED_NOTHING };
    for (int i = PROCSPAWN_SANDBOX_COMPUTE; i <= PROCSPAWN_SANDBOX_NETWORK; i++) {
        const enum procspawn_sandbox profile = (enum procspawn_sandbox)i;
        const enum sandbox_verdict verdict = sandbox__judge(profile, number, argument, own);
        const int answer = answer_of(verdict);
        if (answer != 0)
            return answer;
        if (!is_let_in(verdict) || is_of_landlock(number))
            continue;
        ret_need->kind = kind_of(verdict, profile);
        ret_need->profile = (uint32_t)profile;
        ret_need->listens = verdict == SANDBOX_LISTEN;
        return 0;
    }
    refuse(ret_need, makes_a_process(number) ? PROCSPAWN__REFUSED_PROCESS
                                             : PROCSPAWN__REFUSED_ALWAYS);
    return 0;
}

/* ---- paths ---- */

struct call_with_paths {
    long number;
    unsigned count;
    struct procspawn__path_use uses[PROCSPAWN__PATH_USES];
};

#define USE(what, directory, path, flags) \
    { PROCSPAWN__PATH_##what, (path), (directory), (flags) }
#define ONE(name, ...) { SYS_##name, 1, { USE(__VA_ARGS__) } }

static const struct call_with_paths calls[] = {
    ONE(openat, OPEN, 0, 1, 2),
    ONE(newfstatat, LOOK, 0, 1, -1),
    ONE(statx, LOOK, 0, 1, -1),
    ONE(faccessat, LOOK, 0, 1, -1),
    ONE(faccessat2, LOOK, 0, 1, -1),
    ONE(readlinkat, LOOK, 0, 1, -1),
    ONE(chdir, LOOK, -1, 0, -1),
    ONE(statfs, LOOK, -1, 0, -1),
    ONE(truncate, TRUNCATE, -1, 0, -1),
    ONE(mkdirat, ENTRY, 0, 1, -1),
    ONE(unlinkat, ENTRY, 0, 1, -1),
    ONE(mknodat, NODE, 0, 1, 2),
    { SYS_renameat2, 2, { USE(ENTRY, 0, 1, -1), USE(ENTRY, 2, 3, -1) } },
#ifdef SYS_open
    ONE(open, OPEN, -1, 0, 1),
    ONE(creat, OPEN, -1, 0, -1),
    ONE(stat, LOOK, -1, 0, -1),
    ONE(lstat, LOOK, -1, 0, -1),
    ONE(access, LOOK, -1, 0, -1),
    ONE(readlink, LOOK, -1, 0, -1),
    ONE(mkdir, ENTRY, -1, 0, -1),
    ONE(rmdir, ENTRY, -1, 0, -1),
    ONE(unlink, ENTRY, -1, 0, -1),
    ONE(mknod, NODE, -1, 0, 1),
    { SYS_rename, 2, { USE(ENTRY, -1, 0, -1), USE(ENTRY, -1, 1, -1) } },
    { SYS_renameat, 2, { USE(ENTRY, 0, 1, -1), USE(ENTRY, 2, 3, -1) } },
#endif
};

#undef ONE
#undef USE

unsigned procspawn__need_paths(long number, struct procspawn__path_use ret_uses[2])
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (calls[i].number != number)
            continue;
        memcpy(ret_uses, calls[i].uses, sizeof calls[i].uses);
        return calls[i].count;
    }
    return 0;
}

/* creat(2) has no flags. */
static int open_flags(const struct procspawn__path_use *use,
                      const uint64_t argument[SANDBOX_ARGUMENTS])
{
    return use->flags < 0 ? O_CREAT | O_WRONLY | O_TRUNC : (int)argument[use->flags];
}

static uint32_t rights_of_open(int flags)
{
    uint32_t rights = 0;

    if (flags & O_PATH)
        return 0;
    if ((flags & O_ACCMODE) != O_WRONLY)
        rights |= PROCSPAWN_PATH_READ;
    if ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC)
        rights |= PROCSPAWN_PATH_WRITE;
    return rights;
}

/* What is not there cannot be opened, so nothing has to be let in. */
static uint32_t rights_of(const struct procspawn__path_use *use,
                          const uint64_t argument[SANDBOX_ARGUMENTS], bool there,
                          bool *ret_in_directory)
{
    const int flags = open_flags(use, argument);

    *ret_in_directory = use->kind == PROCSPAWN__PATH_ENTRY || use->kind == PROCSPAWN__PATH_NODE;
    switch (use->kind) {
    case PROCSPAWN__PATH_OPEN:
        if (there)
            return rights_of_open(flags);
        *ret_in_directory = true;
        return flags & O_CREAT ? rights_of_open(flags) | PROCSPAWN_PATH_CREATE : 0;
    case PROCSPAWN__PATH_TRUNCATE:
        return there ? PROCSPAWN_PATH_WRITE : 0;
    case PROCSPAWN__PATH_ENTRY:
    case PROCSPAWN__PATH_NODE:
        return PROCSPAWN_PATH_CREATE;
    case PROCSPAWN__PATH_LOOK:
        break;
    }
    return 0;
}

/* procspawn_builder_path() takes none of them, nor what lies above. */
static bool is_of_kernel(const char *path, size_t length)
{
    return length <= 1 || sandbox__path_lies_in(path, length, "/proc") ||
           sandbox__path_lies_in(path, length, "/dev") ||
           sandbox__path_lies_in(path, length, "/sys");
}

static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash > path ? (size_t)(slash - path) : 1;
}

static bool is_plain_file(mode_t mode)
{
    return (mode & S_IFMT) == 0 || S_ISREG(mode);
}

void procspawn__need_path(const struct procspawn__path_use *use,
                          const uint64_t argument[SANDBOX_ARGUMENTS], const char *path, bool there,
                          struct procspawn__need *need, size_t *ret_length)
{
    bool in_directory;
    const uint32_t rights = rights_of(use, argument, there, &in_directory);

    *ret_length = in_directory ? directory_length(path) : strlen(path);
    if (use->kind == PROCSPAWN__PATH_NODE && !is_plain_file((mode_t)argument[use->flags])) {
        refuse(need, PROCSPAWN__REFUSED_ALWAYS);
    } else if (rights != 0 && is_of_kernel(path, *ret_length)) {
        refuse(need, PROCSPAWN__REFUSED_KERNEL_PATH);
    } else if (rights != 0) {
        need->kind = PROCSPAWN__NEED_PATH;
        need->rights = rights;
    }
}

bool procspawn__need_is_descriptor(long number, const uint64_t argument[SANDBOX_ARGUMENTS],
                                   const char *path)
{
    return *path == '\0' && sandbox__judge(PROCSPAWN_SANDBOX_COMPUTE, number, argument, 0) ==
                                SANDBOX_EMULATE;
}

/* ---- addresses ---- */

bool procspawn__need_has_address(long number)
{
    return number == SYS_connect || number == SYS_bind;
}

static bool read_port(const void *address, size_t length, uint32_t *ret_port)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    sa_family_t family = AF_UNSPEC;

    if (length >= sizeof family)
        memcpy(&family, address, sizeof family);
    if (family == AF_INET && length >= sizeof in) {
        memcpy(&in, address, sizeof in);
        *ret_port = ntohs(in.sin_port);
        return true;
    }
    if (family == AF_INET6 && length >= sizeof in6) {
        memcpy(&in6, address, sizeof in6);
        *ret_port = ntohs(in6.sin6_port);
        return true;
    }
    return false;
}

void procspawn__need_address(long number, const void *address, size_t length,
                             struct procspawn__need *need)
{
    if (!address) {
        refuse(need, PROCSPAWN__REFUSED_UNREAD);
    } else if (!read_port(address, length, &need->port)) {
        refuse(need, PROCSPAWN__REFUSED_ALWAYS);
    } else if (need->port == 0) {
        refuse(need, PROCSPAWN__REFUSED_PORT);
    } else {
        need->kind = PROCSPAWN__NEED_PORT;
        need->listens = number == SYS_bind;
    }
}
