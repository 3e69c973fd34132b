/*
 * module_files.h - the files that modules were mapped from, and their debug files
 *
 * Debug files are found by debug_link.h. The host has chosen the modules that exist at init. Their
 * files are opened with the server's rights, before anything that a child wrote has been read. A
 * child can choose the names of all others: these are opened later, with the child's rights, and
 * only if they are regular files without a symbolic link in the path, as the kernel's own names of
 * mapped files are.
 */
#ifndef FORKSCOPE_CRASH_MODULE_FILES_H
#define FORKSCOPE_CRASH_MODULE_FILES_H

#include "src/crash/modules.h"

struct module_files {
    const struct modules *at_init;
    int file[MODULES_MAX]; /* of the module with the same index; -1: none */
    int debug[MODULES_MAX];
};

/*
 * at_init: modules of this process, and of all processes forked from the same image; borrowed.
 * wanted: false opens only those whose unwind information has no index, which is in their sections.
 */
void crash__module_files_open(struct module_files *ret_files, const struct modules *at_init,
                              bool wanted);

/*
 * Returns the files of a module of another process: duplicates of the open ones if the module
 * existed at init, otherwise opened now. The caller closes them; -1 where there is none.
 */
void crash__module_files_get(const struct module_files *files, const struct module *module,
                             int *ret_file, int *ret_debug);

#endif
