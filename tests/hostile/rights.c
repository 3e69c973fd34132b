/*
 * rights.c - checks that a hostile function lacks what it must not have
 */
#include "tests/hostile/rights.h"

#include "tests/hostile/ledger.h"
#include "tests/hostile/raw.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char canary_text[] = "untouched\n";

/* Only where hostile functions run as other users. */
void rights_open(void)
{
    strcpy(ledger->canary_path, "/tmp/forkscope-hostile-XXXXXX");
    if (!ledger->aliens)
        return;
    ledger->canary = mkostemp(ledger->canary_path, O_CLOEXEC);
    if (ledger->canary < 0 || write(ledger->canary, canary_text, sizeof canary_text) < 0)
        abort();
}

void rights_close(void)
{
    char text[sizeof canary_text + 1];

    if (ledger->canary < 0)
        return;
    if (pread(ledger->canary, text, sizeof text, 0) != sizeof canary_text ||
        memcmp(text, canary_text, sizeof canary_text) != 0)
        ledger_wrong(CLAIM_RIGHTS, "the canary file was changed");
    unlink(ledger->canary_path);
    close(ledger->canary);
}

static bool has_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) < 0)
        return false;
    return data[0].permitted || data[1].permitted || data[0].inheritable || data[1].inheritable;
}

/* Where hostile functions run as the program's user they have its ids. */
static bool has_other_ids(void)
{
    uid_t uid[3];
    gid_t gid[3];

    getresuid(&uid[0], &uid[1], &uid[2]);
    getresgid(&gid[0], &gid[1], &gid[2]);
    for (int i = 0; i < 3; i++) {
        if (ledger->aliens ? uid[i] == 0 || gid[i] == 0 : uid[i] != ledger->user)
            return true;
    }
    return false;
}

static bool has_groups(void)
{
    return ledger->aliens && getgroups(0, NULL) > 0;
}

static bool can_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool can_open_canary(void)
{
    return can_open("/etc/passwd") || (ledger->aliens && can_open(ledger->canary_path));
}

/* Sockets of the library's, and what stands for descriptors of before init. */
static bool may_have(int fd)
{
    struct stat status, null;

    if (fd == raw_sender || fstat(fd, &status) < 0)
        return true;
    if (S_ISCHR(status.st_mode))
        return stat("/dev/null", &null) == 0 && status.st_rdev == null.st_rdev;
    return fd == raw_channel() || fd == raw_link();
}

static void name_descriptor(int fd, char *ret_name, size_t room)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, ret_name, room - 1);
    ret_name[n > 0 ? n : 0] = '\0';
}

void rights_check_descriptors(void)
{
    char name[100];

    for (int fd = 3; fd < 1024; fd++) {
        if (may_have(fd))
            continue;
        name_descriptor(fd, name, sizeof name);
        ledger_wrong(CLAIM_RIGHTS, "a hostile function has descriptor %d, %s", fd, name);
    }
}

bool rights_are_few(void)
{
    return !has_other_ids() && !has_capabilities();
}

void rights_check(const char *finder)
{
    ledger_add(&ledger->rights_checks);
    if (has_other_ids())
        ledger_wrong(CLAIM_RIGHTS, "%s has ids that it must not have", finder);
    if (has_capabilities())
        ledger_wrong(CLAIM_RIGHTS, "%s has capabilities", finder);
    if (has_groups())
        ledger_wrong(CLAIM_RIGHTS, "%s has supplementary groups", finder);
    if (can_open_canary())
        ledger_wrong(CLAIM_RIGHTS, "%s can open what is not its own", finder);
}
