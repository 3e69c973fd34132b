/*
 * tasks.c - the inventory of threads
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/cunit/inventory.h"

/*
 * A sanitizer's own thread is started before the first inventory, at the latest after the fork, so
 * it is not reported.
 */
int procspawn__cunit_tasks(struct inventory *ret_inventory)
{
    DIR *directory = opendir("/proc/self/task");
    struct dirent *entry;
    int rc = 0;

    if (!directory)
        return -errno;
    while (rc == 0 && (entry = readdir(directory))) {
        char path[64];
        struct item *item;

        if (entry->d_name[0] == '.')
            continue;
        item = procspawn__cunit_inventory_add(ret_inventory);
        if (item) {
            item->number = atol(entry->d_name);
            snprintf(path, sizeof(path), "/proc/self/task/%ld/comm", item->number);
            procspawn__cunit_first_line(path, item->name, sizeof(item->name));
        } else {
            rc = -ENOMEM;
        }
    }
    closedir(directory);
    return rc;
}
