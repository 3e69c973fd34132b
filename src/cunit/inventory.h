/*
 * What a process has: a list of named things, taken twice and compared. One kind of thing a file:
 * tasks.c, descriptors.c, mappings.c, processes.c.
 */
#ifndef SRC_CUNIT_INVENTORY_H
#define SRC_CUNIT_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

struct item {
    long number;    /* thread, descriptor, process; 0 for memory */
    size_t size;    /* bytes of memory; 0 elsewhere */
    bool ended;     /* a zombie */
    char name[200]; /* what a person needs to find it */
};

struct inventory {
    struct item *items;
    size_t count, room;
};

/* Adds an empty item, borrowed until the next one; NULL when there is no memory. */
struct item *procspawn__cunit_inventory_add(struct inventory *inventory);
/* The item of that number and name; NULL when there is none. */
struct item *procspawn__cunit_inventory_find(const struct inventory *inventory, long number,
                                             const char *name);
/* The inventory is empty afterwards and can be filled again. */
void procspawn__cunit_inventory_clear(struct inventory *inventory);

/* Reads the first line of a file under /proc into `text`; "" when it cannot be read. */
void procspawn__cunit_first_line(const char *path, char *text, size_t size);

/* Each adds what the calling process has, and returns 0 or a negative errno. */
int procspawn__cunit_tasks(struct inventory *ret_inventory);
int procspawn__cunit_descriptors(struct inventory *ret_inventory);
int procspawn__cunit_mappings(struct inventory *ret_inventory);
/* Descendants, not children alone: what a leftover child began goes with it. */
int procspawn__cunit_processes(struct inventory *ret_inventory);

/* Frees the stacks of joined threads that glibc keeps for later threads. */
void procspawn__cunit_drop_stacks(void);

#endif
