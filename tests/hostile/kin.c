/*
 * kin.c - reads the processes of a run from /proc
 */
#include "tests/hostile/kin.h"

#include "tests/hostile/act.h"
#include "tests/hostile/ledger.h"
#include "tests/hostile/mark.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_file(pid_t pid, const char *file)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return fopen(path, "re");
}

/* The name may have any bytes in it, parentheses as well. */
static bool read_kin(pid_t pid, struct kin *ret_kin)
{
    char text[512];
    FILE *file = open_file(pid, "stat");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    int parent;

    if (file)
        fclose(file);
    text[n] = '\0';
    char *begin = strchr(text, '('), *end = strrchr(text, ')');
    if (!begin || !end || sscanf(end + 1, " %c %d", &ret_kin->state, &parent) != 2)
        return false;
    *end = '\0';
    ret_kin->pid = pid;
    ret_kin->parent = parent;
    snprintf(ret_kin->name, sizeof ret_kin->name, "%s", begin + 1);
    return true;
}

static void read_all(struct kin_list *ret_list)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;

    ret_list->count = 0;
    while (proc && (entry = readdir(proc)) && ret_list->count < KIN_MAX) {
        pid_t pid = atoi(entry->d_name);
        if (pid > 0 && read_kin(pid, &ret_list->kin[ret_list->count]))
            ret_list->count++;
    }
    if (proc)
        closedir(proc);
}

static const struct kin *find(const struct kin_list *list, pid_t pid)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->kin[i].pid == pid)
            return &list->kin[i];
    }
    return NULL;
}

static bool descends(const struct kin_list *all, const struct kin *kin, pid_t ancestor)
{
    enum { DEEPEST = 100 };

    for (int i = 0; kin && i < DEEPEST; i++) {
        if (kin->parent == ancestor)
            return true;
        kin = find(all, kin->parent);
    }
    return false;
}

void kin_below(pid_t ancestor, struct kin_list *ret_list)
{
    static struct kin_list all;

    read_all(&all);
    ret_list->count = 0;
    for (unsigned i = 0; i < all.count; i++) {
        if (descends(&all, &all.kin[i], ancestor))
            ret_list->kin[ret_list->count++] = all.kin[i];
    }
}

const struct kin *kin_named(const struct kin_list *list, const char *name, pid_t parent)
{
    for (unsigned i = 0; i < list->count; i++) {
        const struct kin *kin = &list->kin[i];
        if (strcmp(kin->name, name) == 0 && (parent == 0 || kin->parent == parent))
            return kin;
    }
    return NULL;
}

long kin_entries(pid_t pid, const char *directory)
{
    char path[64];
    long count = -2;            /* itself and its parent */

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, directory);
    DIR *open = opendir(path);
    if (!open)
        return -1;
    while (readdir(open))
        count++;
    closedir(open);
    return count;
}

long kin_status(pid_t pid, const char *key)
{
    char line[256];
    long value = -1;
    FILE *file = open_file(pid, "status");

    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
            value = strtol(line + strlen(key) + 1, NULL, 10);
    }
    if (file)
        fclose(file);
    return value;
}

long kin_lines(pid_t pid, const char *name)
{
    long count = 0;
    int c;
    FILE *file = open_file(pid, name);

    if (!file)
        return -1;
    while ((c = getc(file)) != EOF)
        count += c == '\n';
    fclose(file);
    return count;
}

bool kin_is_hostile(const struct kin *kin)
{
    if (settings->aliens && kin_status(kin->pid, "Uid") > 0)
        return true;
    return mark_is_on(kin->pid);
}

void kin_print(const struct kin *kin)
{
    int act = ledger_act_of(kin->pid);

    printf("  process %d (%s), state %c, child of %d, uid %ld%s%s\n", (int)kin->pid,
           kin->name[0] ? kin->name : "?", kin->state, (int)kin->parent,
           kin_status(kin->pid, "Uid"), act < 0 ? "" : ", last act ",
           act < 0 ? "" : act_at((unsigned)act)->name);
}
