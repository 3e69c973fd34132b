/*
 * landlock.c - a Landlock domain for the paths and ports of a sandbox
 *
 * The constants of linux/landlock.h are written out, because older headers lack some.
 */
#include "src/sandbox/landlock.h"

#include "src/sandbox/path.h"
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the kernel's interface ---- */

struct ruleset_attributes {
    uint64_t files;             /* rights that are refused unless a rule gives them */
    uint64_t network;
    uint64_t scoped;
};

struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

struct port_rule {
    uint64_t allowed;
    uint64_t port;
};

enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1, RULE_NET_PORT = 2 };

enum file_right {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_CHAR = 1 << 6,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_BLOCK = 1 << 11,
    MAKE_SYM = 1 << 12,
    REFER = 1 << 13,            /* since version 2 */
    TRUNCATE = 1 << 14,         /* 3 */
    IOCTL_DEV = 1 << 15         /* 5 */
};

enum { BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1 };                   /* 4 */
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 }; /* 6 */

enum { OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV };

/* What each version has. Later ones have nothing that the filter does not refuse. */
static struct ruleset_attributes handled(int version)
{
    struct ruleset_attributes all = { .files = EXECUTE | (REFER - WRITE_FILE) };

    if (version >= 2)
        all.files |= REFER;
    if (version >= 3)
        all.files |= TRUNCATE;
    if (version >= 4)
        all.network = BIND_TCP | CONNECT_TCP;
    if (version >= 5)
        all.files |= IOCTL_DEV;
    if (version >= 6)
        all.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    return all;
}

/* Older kernels refuse a structure with fields that they do not know. */
static size_t attributes_size(int version)
{
    if (version >= 6)
        return sizeof(struct ruleset_attributes);
    return version >= 4 ? offsetof(struct ruleset_attributes, scoped)
                        : offsetof(struct ruleset_attributes, network);
}

int sandbox__landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

int sandbox__landlock_needed(enum procspawn_sandbox profile)
{
    if (profile == PROCSPAWN_SANDBOX_FILES)
        return 3;
    return profile == PROCSPAWN_SANDBOX_NETWORK ? 4 : 0;
}

/* ---- paths ---- */

static uint64_t rights_of(uint32_t rights, int fd)
{
    struct stat status;
    uint64_t allowed = 0;

    if (rights & PROCSPAWN_PATH_READ)
        allowed |= READ_FILE | READ_DIR;
    if (rights & PROCSPAWN_PATH_WRITE)
        allowed |= WRITE_FILE | TRUNCATE;
    if (rights & PROCSPAWN_PATH_CREATE)
        allowed |= MAKE_REG | MAKE_DIR | REMOVE_FILE | REMOVE_DIR | REFER;
    if (fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode))
        allowed &= OF_FILES;
    return allowed;
}

static int add_path(int ruleset, const struct procspawn__sandbox_path *path, uint64_t known,
                    char reason[SANDBOX_REASON])
{
    int fd = sandbox__path_open(path->path, reason);

    if (fd < 0)
        return fd;
    struct path_rule rule = { .allowed = rights_of(path->rights, fd) & known, .parent = fd };
    int rc = 0;
    /* A file has nothing to be made or listed; a rule without rights is an error. */
    if (rule.allowed != 0 &&
        syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0)
        rc = sandbox__path_refuse(errno, reason, "cannot be let in", path->path);
    close(fd);
    return rc;
}

static int add_paths(int ruleset, const struct procspawn__sandbox *sandbox, uint64_t known,
                     char reason[SANDBOX_REASON])
{
    int rc = 0;

    for (uint32_t i = 0; i < sandbox->path_count && rc == 0; i++)
        rc = add_path(ruleset, &sandbox->paths[i], known, reason);
    return rc;
}

/* ---- ports ---- */

static int add_port(int ruleset, const struct procspawn__sandbox_port *port,
                    char reason[SANDBOX_REASON])
{
    const struct port_rule rule = { .allowed = port->listens ? BIND_TCP : CONNECT_TCP,
                                    .port = port->port };

    if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) == 0)
        return 0;
    int rc = -errno;
    snprintf(reason, SANDBOX_REASON, "the port %u of the sandbox cannot be let in",
             (unsigned)port->port);
    return rc;
}

static int add_ports(int ruleset, const struct procspawn__sandbox *sandbox,
                     char reason[SANDBOX_REASON])
{
    int rc = 0;

    for (uint32_t i = 0; i < sandbox->port_count && rc == 0; i++)
        rc = add_port(ruleset, &sandbox->ports[i], reason);
    return rc;
}

/* ---- the domain ---- */

static int fill(int ruleset, const struct procspawn__sandbox *sandbox,
                const struct ruleset_attributes *all, char reason[SANDBOX_REASON])
{
    int rc = 0;

    if (sandbox->profile >= PROCSPAWN_SANDBOX_FILES)
        rc = add_paths(ruleset, sandbox, all->files, reason);
    if (rc == 0 && sandbox->profile >= PROCSPAWN_SANDBOX_NETWORK && all->network != 0)
        rc = add_ports(ruleset, sandbox, reason);
    return rc;
}

int sandbox__landlock(const struct procspawn__sandbox *sandbox, char ret_reason[SANDBOX_REASON])
{
    int version = sandbox__landlock_version();
    const struct ruleset_attributes all = handled(version);

    if (version == 0)
        return 0;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, attributes_size(version), 0);
    int rc = ruleset < 0 ? -errno : 0;
    snprintf(ret_reason, SANDBOX_REASON, "Landlock cannot be set up");
    if (rc == 0)
        rc = fill(ruleset, sandbox, &all, ret_reason);
    if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        rc = -errno;
    if (ruleset >= 0)
        close(ruleset);
    return rc;
}
