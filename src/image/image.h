/*
 * image.h - what init fixes for the whole process; children inherit it
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
    uint64_t owner;             /* base__process() of the process that called init; 0: none */
    /* Pools read these while fini writes them: base__process() of the process that called fini, 0
     * for none; fini has begun but not succeeded, and may be called again. */
    _Atomic uint64_t ended;
    _Atomic bool ending;
    bool is_child;              /* this process runs called functions */
    pid_t child;                /* its process id, if is_child */
    bool childless;             /* is_child, and must not have children of its own */
    bool cancelable;            /* cancellation was enabled in the thread that called init */
    bool privileged;            /* init had privileges that its callers may have lost since */
    struct procspawn_config config;
    unsigned servers;
    uint64_t serial;            /* of the last server that an earlier init started */
    unsigned spares;            /* children forked ahead of need, in all servers together */
    struct wire_board *board;   /* one for each server; NULL in a child */
    int argc;
    char **argv;
};

extern struct procspawn__image procspawn__image;

/* Has this process called init, or is it a child? True also after fini has begun. */
bool procspawn__image_is_ours(void);
/* Has fini begun, or ended, in this process, and init not been called again? */
bool procspawn__image_was_ended(void);
/* Ours, and fini has not begun. */
bool procspawn__ready(void);
/* May this process have children? 0, PROCSPAWN_ENOTINIT or PROCSPAWN_ERIGHTS. */
int procspawn__admitted(void);

#endif
