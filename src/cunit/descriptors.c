/*
 * descriptors.c - the inventory of open descriptors
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "src/cunit/inventory.h"

static int add(struct inventory *inventory, long fd)
{
    struct item *item = procspawn__cunit_inventory_add(inventory);
    char path[64];
    ssize_t length;

    if (!item)
        return -ENOMEM;
    item->number = fd;
    snprintf(path, sizeof(path), "/proc/self/fd/%ld", fd);
    length = readlink(path, item->name, sizeof(item->name) - 1);
    item->name[length > 0 ? length : 0] = '\0';
    return 0;
}

int procspawn__cunit_descriptors(struct inventory *ret_inventory)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;
    int rc = 0;

    if (!directory)
        return -errno;
    while (rc == 0 && (entry = readdir(directory))) {
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(directory))
            rc = add(ret_inventory, atol(entry->d_name));
    }
    closedir(directory);
    return rc;
}
