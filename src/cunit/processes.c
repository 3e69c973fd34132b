/*
 * processes.c - the inventory of descendant processes
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/cunit/inventory.h"

/* Fills an item from /proc/PID/stat. Returns the parent's pid; -1: the process is gone. */
static long stat_process(long pid, struct item *ret_item)
{
    char path[64], text[512];
    char *open, *close;
    char state = 0;
    long parent = -1;

    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    procspawn__cunit_first_line(path, text, sizeof(text));
    open = strchr(text, '(');
    close = strrchr(text, ')'); /* the name may contain both parentheses */
    if (!open || !close || sscanf(close + 1, " %c %ld", &state, &parent) != 2)
        return -1;
    ret_item->number = pid;
    ret_item->ended = state == 'Z' || state == 'X';
    snprintf(ret_item->name, sizeof(ret_item->name), "%.*s", (int)(close - open - 1), open + 1);
    return parent;
}

/* Adds all processes; `size` holds the parent's pid. */
static int all_processes(struct inventory *ret_all)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    int rc = 0;

    if (!directory)
        return -errno;
    while (rc == 0 && (entry = readdir(directory))) {
        struct item found = { .number = atol(entry->d_name) };
        long parent = found.number > 0 ? stat_process(found.number, &found) : -1;
        struct item *item;

        if (parent < 0)
            continue;
        item = procspawn__cunit_inventory_add(ret_all);
        if (item) {
            *item = found;
            item->size = (size_t)parent;
        } else {
            rc = -ENOMEM;
        }
    }
    closedir(directory);
    return rc;
}

static bool contains(const struct inventory *inventory, long number)
{
    for (size_t i = 0; i < inventory->count; i++)
        if (inventory->items[i].number == number)
            return true;
    return false;
}

/*
 * Adds processes whose parent is the caller or in the list already. Returns how many, or a negative
 * errno.
 */
static int add_generation(const struct inventory *all, struct inventory *descendants)
{
    int added = 0;

    for (size_t i = 0; i < all->count; i++) {
        const struct item *one = &all->items[i];
        long parent = (long)one->size;
        struct item *item;

        if ((parent != getpid() && !contains(descendants, parent)) ||
            contains(descendants, one->number))
            continue;
        item = procspawn__cunit_inventory_add(descendants);
        if (!item)
            return -ENOMEM;
        *item = *one;
        item->size = 0;
        added++;
    }
    return added;
}

int procspawn__cunit_processes(struct inventory *ret_inventory)
{
    struct inventory all = { 0 };
    siginfo_t info;
    int rc;

    /*
     * A process without children (whatever their exit signal) has no descendants, so /proc need not
     * be read.
     */
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 && errno == ECHILD)
        return 0;
    rc = all_processes(&all);
    while (rc == 0) {
        rc = add_generation(&all, ret_inventory);
        if (rc <= 0)
            break;
        rc = 0;
    }
    procspawn__cunit_inventory_clear(&all);
    return rc;
}
