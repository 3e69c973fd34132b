/*
 * broken.c - crashes after the process has damaged what its report needs
 */
#include "tests/torture/torture.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static int zero_hdr(struct dl_phdr_info *i, size_t n, void *a)
{
    (void)n;
    (void)a;
    for (int k = 0; k < i->dlpi_phnum; k++)
        if (i->dlpi_phdr[k].p_type == PT_GNU_EH_FRAME) {
            uintptr_t p = i->dlpi_addr + i->dlpi_phdr[k].p_vaddr;
            size_t z = i->dlpi_phdr[k].p_memsz;
            uintptr_t s = p & ~4095ul;
            mprotect((void *)s, p + z - s, 3);
            memset((void *)p, 0x5a, z);
        }
    return 1;
}

CRASH(eh_frame_hdr_garbage, "signal:11", "die_here,t_eh_frame_hdr_garbage")
{
    dl_iterate_phdr(zero_hdr, 0);
    die_here();
    KEEP;
    return OUT;
}

static int zero_frame(struct dl_phdr_info *i, size_t n, void *a)
{
    (void)n;
    (void)a;
    for (int k = 0; k < i->dlpi_phnum; k++)
        if (i->dlpi_phdr[k].p_type == PT_GNU_EH_FRAME) {
            uintptr_t p = i->dlpi_addr + i->dlpi_phdr[k].p_vaddr;
            size_t z = i->dlpi_phdr[k].p_memsz;
            uintptr_t s = p & ~4095ul, q = p + z;
            mprotect((void *)s, z + 65536, 3);
            memset((void *)q, 0x5a, 4096 - (q & 4095));
        }
    return 1;
}

CRASH(eh_frame_garbage, "signal:11", "die_here,t_eh_frame_garbage")
{
    dl_iterate_phdr(zero_frame, 0);
    die_here();
    KEEP;
    return OUT;
}

static int unmap_head(struct dl_phdr_info *i, size_t n, void *a)
{
    (void)n;
    (void)a;
    munmap((void *)(i->dlpi_addr + (i->dlpi_phdr[0].p_vaddr & ~4095ul) -
                    (i->dlpi_phdr[0].p_type == PT_PHDR ? 0 : 0)),
           4096);
    return 1;
}

CRASH(elf_head_unmapped, "signal:11", "die_here,t_elf_head_unmapped")
{
    dl_iterate_phdr(unmap_head, 0);
    die_here();
    KEEP;
    return OUT;
}

CRASH(big_heap, "signal:11", "die_here,t_big_heap")
{
    size_t n = (size_t)1 << 30;
    char *p = malloc(n);
    memset(p, 1, n);
    die_here();
    KEEP;
    return OUT;
}
