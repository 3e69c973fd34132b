/*
 * filter_machine.h - runs a seccomp filter without the kernel
 */
#ifndef FORKSCOPE_SUPPORT_FILTER_MACHINE_H
#define FORKSCOPE_SUPPORT_FILTER_MACHINE_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

/* Returns what the filter answers (SECCOMP_RET_*); UINT32_MAX: it is no program. */
uint32_t filter_machine_run(const struct sock_fprog *program, const struct seccomp_data *data);

#endif
