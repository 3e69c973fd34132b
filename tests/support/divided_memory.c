#include "tests/support/divided_memory.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Excludes a page in the middle of a .bss from core files; the kernel divides the mapping for it. */
static int divide_bss(struct dl_phdr_info *module, size_t size, void *ret_done)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    (void)size;
    for (unsigned i = 0; module->dlpi_name[0] == '/' && i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        const uintptr_t start = module->dlpi_addr + part->p_vaddr, end = start + part->p_memsz;
        const uintptr_t bss = (start + part->p_filesz + page - 1) & -page;
        if (part->p_type == PT_LOAD && part->p_memsz > part->p_filesz && end > bss + 2 * page)
            *(bool *)ret_done |= madvise((void *)(bss + page), page, MADV_DONTDUMP) == 0;
    }
    return 0;
}

bool divide_library_memory(void)
{
    bool done = false;

    dl_iterate_phdr(divide_bss, &done);
    return done;
}
