/*
 * inventory.h - the resources of a process, as a list of named things; taken twice and compared
 *
 * One kind of resource is one file: tasks.c, descriptors.c, mappings.c, processes.c.
 */
#ifndef FORKSCOPE_CUNIT_INVENTORY_H
#define FORKSCOPE_CUNIT_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

struct item {
    long number;    /* id of a thread or process, or a descriptor; 0 for memory */
    size_t size;    /* bytes of memory; 0 elsewhere */
    bool ended;     /* a zombie */
    char name[200]; /* for the report */
};

struct inventory {
    struct item *items;
    size_t count, room;
};

/* Adds an empty item and returns it; it is valid until the next call. NULL: out of memory. */
struct item *procspawn__cunit_inventory_add(struct inventory *inventory);
/* Returns the item of that number and name; NULL: none. */
struct item *procspawn__cunit_inventory_find(const struct inventory *inventory, long number,
                                             const char *name);
/* Frees the items. The inventory is empty afterwards and can be filled again. */
void procspawn__cunit_inventory_clear(struct inventory *inventory);

/* Reads the first line of a file under /proc into `text`; "" when it cannot be read. */
void procspawn__cunit_first_line(const char *path, char *text, size_t size);

/* Each adds the resources of the calling process, and returns 0 or a negative errno. */
int procspawn__cunit_tasks(struct inventory *ret_inventory);
int procspawn__cunit_descriptors(struct inventory *ret_inventory);
int procspawn__cunit_mappings(struct inventory *ret_inventory);
/* All descendants, not only children: those that a leftover child has started count too. */
int procspawn__cunit_processes(struct inventory *ret_inventory);

/* Frees the stacks of joined threads that glibc keeps for later threads. */
void procspawn__cunit_drop_stacks(void);

#endif
