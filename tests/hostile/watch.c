/*
 * watch.c - the two witnesses: what /proc says, and the canary file
 */
#include "tests/hostile/watch.h"

#include "src/base/clock.h"
#include "tests/hostile/kin.h"
#include "tests/hostile/ledger.h"
#include "tests/hostile/mark.h"
#include "tests/hostile/rights.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char canary_text[] = "untouched\n";

static int canary = -1;
static struct kin_list list;

/* ---- what the kernel says ---- */

enum { IDS = 4, SETS = 4 };

struct rights {
    unsigned uid[IDS], gid[IDS];
    uint64_t capabilities;      /* in any set but the bounding set */
    bool groups;
};

static FILE *open_file(pid_t pid, const char *file)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return fopen(path, "re");
}

static void read_line(const char *line, struct rights *rights, int *known)
{
    static const char *const formats[SETS] = { "CapInh: %" SCNx64, "CapPrm: %" SCNx64,
                                               "CapEff: %" SCNx64, "CapAmb: %" SCNx64 };
    unsigned *u = rights->uid, *g = rights->gid, group;
    uint64_t set;

    *known += sscanf(line, "Uid: %u %u %u %u", &u[0], &u[1], &u[2], &u[3]) == IDS;
    *known += sscanf(line, "Gid: %u %u %u %u", &g[0], &g[1], &g[2], &g[3]) == IDS;
    if (sscanf(line, "Groups: %u", &group) == 1)
        rights->groups = true;
    for (int i = 0; i < SETS; i++) {
        if (sscanf(line, formats[i], &set) == 1) {
            rights->capabilities |= set;
            ++*known;
        }
    }
}

/* False for a process that is gone. */
static bool read_rights(pid_t pid, struct rights *ret_rights)
{
    char line[512];
    int known = 0;
    FILE *status = open_file(pid, "status");

    *ret_rights = (struct rights){ .groups = false };
    while (status && fgets(line, sizeof line, status))
        read_line(line, ret_rights, &known);
    if (status)
        fclose(status);
    return known == 2 + SETS;
}

/* A program that sets its user id has other rights, which the library did not give it. */
static bool runs_this_program(pid_t pid)
{
    char path[64];
    struct stat own, other;

    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    return stat(path, &other) == 0 && stat("/proc/self/exe", &own) == 0 &&
           own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

static size_t read_map(pid_t pid, char *ret_text, size_t room)
{
    FILE *map = open_file(pid, "uid_map");
    size_t n = map ? fread(ret_text, 1, room, map) : 0;

    if (map)
        fclose(map);
    return n;
}

/* Any process may have all capabilities in a user namespace that it made. */
static bool is_in_our_namespace(pid_t pid)
{
    char own[256], other[256];
    size_t n = read_map(getpid(), own, sizeof own);

    return n > 0 && n == read_map(pid, other, sizeof other) && memcmp(own, other, n) == 0;
}

static bool has_other_ids(const struct rights *rights)
{
    for (int i = 0; i < IDS; i++) {
        if (settings->aliens ? rights->uid[i] == 0 || rights->gid[i] == 0
                             : rights->uid[i] != settings->user)
            return true;
    }
    return false;
}

static const char *excess(pid_t pid, const struct rights *rights)
{
    if (has_other_ids(rights))
        return "ids that it must not have";
    if (settings->aliens && rights->groups)
        return "supplementary groups";
    return rights->capabilities && is_in_our_namespace(pid) ? "capabilities" : NULL;
}

static bool is_to_be_looked_at(const struct kin *kin)
{
    return strcmp(kin->name, MARK_NAME) == 0 || strcmp(kin->name, RIGHTS_NAME) == 0;
}

/* It may execute a program while it is looked at. */
static void look_at(const struct kin *kin)
{
    struct rights rights;

    if (!runs_this_program(kin->pid) || !read_rights(kin->pid, &rights))
        return;
    const char *wrong = excess(kin->pid, &rights);
    if (!runs_this_program(kin->pid))
        return;
    ledger_add(&ledger->rights_checks);
    if (wrong)
        ledger_wrong(CLAIM_RIGHTS,
                     "process %d (%s) has %s: user %u, group %u, capabilities %" PRIx64,
                     (int)kin->pid, kin->name, wrong, rights.uid[1], rights.gid[1],
                     rights.capabilities);
}

void watch_rights(void)
{
    static const int64_t interval = 100 * MS;
    static int64_t next;

    if (base__now() < next)
        return;
    kin_below(getpid(), &list);
    for (unsigned i = 0; i < list.count; i++) {
        if (is_to_be_looked_at(&list.kin[i]))
            look_at(&list.kin[i]);
    }
    next = base__now() + interval;
}

/* ---- the canary file ---- */

void watch_open(struct settings *begun)
{
    if (!begun->aliens)
        return;
    strcpy(begun->canary, "/tmp/forkscope-hostile-XXXXXX");
    canary = mkostemp(begun->canary, O_CLOEXEC);
    /* The group of root may write as well, so that a process of that group is noticed. */
    if (canary < 0 || fchmod(canary, S_IRUSR | S_IWUSR | S_IWGRP) < 0 ||
        write(canary, canary_text, sizeof canary_text - 1) < 0)
        abort();
}

void watch_close(void)
{
    char text[TEXT];
    const size_t length = sizeof canary_text - 1;

    if (canary < 0)
        return;
    ssize_t n = pread(canary, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    if (n != (ssize_t)length || memcmp(text, canary_text, length) != 0)
        ledger_wrong(CLAIM_RIGHTS, "the canary file was changed: %.200s",
                     strncmp(text, canary_text, length) == 0 ? text + length : text);
    unlink(settings->canary);
    close(canary);
}
