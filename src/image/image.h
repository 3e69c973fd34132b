/*
 * image.h - what stays as it was at init; children see it too
 */
#ifndef FORKSCOPE_IMAGE_IMAGE_H
#define FORKSCOPE_IMAGE_IMAGE_H

#include "src/image/config.h"
#include "src/wire/board.h"
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procspawn__image {
    uint64_t owner;             /* the process that init belongs to; 0: none */
    bool ending;                /* fini has begun, and is to be called again */
    bool is_child;
    pid_t child;                /* the process, then */
    bool childless;             /* and may have no children of its own */
    bool cancelable;            /* the thread that called init, by pthread_cancel(3) */
    bool privileged;            /* at init: children could be more than who calls is by then */
    struct procspawn_config config;
    unsigned servers;
    uint64_t serial;            /* of the last server before those of this init */
    unsigned spares;            /* children ready ahead of need, all servers together */
    struct wire_board *board;   /* one for each server; NULL in a child */
    int argc;
    char **argv;
};

extern struct procspawn__image procspawn__image;

/* Does init belong to this process, though its end may have begun? */
bool procspawn__image_is_ours(void);
/* The same, and the end has not begun. */
bool procspawn__ready(void);
/* May this process have children? 0, PROCSPAWN_ENOTINIT or PROCSPAWN_ERIGHTS. */
int procspawn__admitted(void);

#endif
