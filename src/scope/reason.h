/*
 * reason.h - why a task is about to fail: what it says before it returns its status
 */
#ifndef FORKSCOPE_SCOPE_REASON_H
#define FORKSCOPE_SCOPE_REASON_H

/* What another room knows of a failure; the first member of a structure of that room. */
struct scoped_detail {
    void (*free)(struct scoped_detail *detail);     /* frees all of it */
};

/* Belongs to a node; used by its own thread only. All zero: none. */
struct reason {
    int status;                     /* the status that it explains */
    char *message;                  /* NULL: none */
    struct scoped_detail *detail;   /* NULL: none */
};

/* Replaces the reason. The message is copied; without memory there is none. The detail is taken. */
void scoped__reason_set(struct reason *reason, int status, const char *message,
                        struct scoped_detail *detail);
void scoped__reason_clear(struct reason *reason);

#endif
