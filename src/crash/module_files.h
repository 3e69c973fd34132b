/* The files that modules were mapped from, and their debug files.
 *
 * Those of the modules that were there at init are the host's choice. They are opened with the
 * server's rights, before anything that a child wrote has been looked at. The names of all others
 * are a child's choice: they are opened later, with its rights, and only if they lead to a regular
 * file without a symbolic link, as the kernel's own names of mapped files do. */
#ifndef FORKSERVER_IMAGES_H
#define FORKSERVER_IMAGES_H

#include "src/crash/modules.h"

struct images {
    const struct modules *at_init;
    int file[MODULES_MODULES];    /* of the module in the same place; -1: none */
    int debug[MODULES_MODULES];
};

/* at_init: of this process, and of all others that were forked from the same image; borrowed.
 * wanted: else none of their files is. */
void forkserver__images_open(struct images *ret_images, const struct modules *at_init, bool wanted);

/* The files of a module of another process: of those that are open, if it was there at init, else
 * opened now. New descriptors; -1 where there is none. */
void forkserver__images_files(const struct images *images, const struct module *module,
                              int *ret_file, int *ret_debug);

#endif
