/*
 * list.h - doubly linked lists whose links are members of the items
 *
 * A list is a ring around its head. An item that is in no list points at itself.
 */
#ifndef FORKSCOPE_BASE_LIST_H
#define FORKSCOPE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

/* The structure of type `type` whose member `member` is the link `item`. */
#define list_entry(item, type, member) ((type *)((char *)(item) - offsetof(type, member)))

static inline void list_init(struct list *item)
{
    item->next = item->prev = item;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_insert_after(struct list *place, struct list *item)
{
    item->prev = place;
    item->next = place->next;
    place->next->prev = item;
    place->next = item;
}

static inline void list_prepend(struct list *head, struct list *item)
{
    list_insert_after(head, item);
}

static inline void list_append(struct list *head, struct list *item)
{
    list_insert_after(head->prev, item);
}

static inline void list_remove(struct list *item)
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}

#endif
