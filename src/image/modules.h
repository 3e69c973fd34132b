/*
 * modules.h - walks the dynamic linker's list of modules
 */
#ifndef FORKSCOPE_IMAGE_MODULES_H
#define FORKSCOPE_IMAGE_MODULES_H

#include <link.h>
#include <stddef.h>

typedef int procspawn__visit(struct dl_phdr_info *info, size_t size, void *data);

/* As dl_iterate_phdr(3). No fork(2) of this process takes place during a walk. */
int procspawn__modules_walk(procspawn__visit *visit, void *data);
/* At init: from now on a fork(2) waits for walks. 0 or -ENOMEM. */
int procspawn__modules_guard(void);

#endif
