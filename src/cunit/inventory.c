/*
 * inventory.c - the list of things that an inventory holds
 */
#include "src/cunit/inventory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct item *procspawn__cunit_inventory_add(struct inventory *inventory)
{
    struct item *item;

    if (inventory->count == inventory->room) {
        size_t room = inventory->room ? 2 * inventory->room : 32;
        struct item *items = realloc(inventory->items, room * sizeof(*items));

        if (!items)
            return NULL;
        inventory->items = items;
        inventory->room = room;
    }
    item = &inventory->items[inventory->count++];
    memset(item, 0, sizeof(*item));
    return item;
}

struct item *procspawn__cunit_inventory_find(const struct inventory *inventory, long number,
                                             const char *name)
{
    for (size_t i = 0; i < inventory->count; i++) {
        struct item *item = &inventory->items[i];

        if (item->number == number && strcmp(item->name, name) == 0)
            return item;
    }
    return NULL;
}

void procspawn__cunit_inventory_clear(struct inventory *inventory)
{
    free(inventory->items);
    memset(inventory, 0, sizeof(*inventory));
}

void procspawn__cunit_first_line(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}
