/*
 * mappings.c - the inventory of mapped memory, in a form that can be compared
 *
 * Single mappings cannot be compared, since the kernel merges and splits them. Their bytes can,
 * added up by file. A library's file is left out, with the memory directly behind it (its .bss) and
 * all that lies between its ends, where a call such as madvise(2) divides the .bss: what is loaded
 * on first use, such as libgcc_s for a cancelled thread or a converter of iconv, stays by design.
 * The heap of brk, the main stack and the kernel's own pages are left out too.
 *
 * All memory without a file is one sum. Two mechanisms of glibc would make it grow without a leak.
 * Arenas: a thread that finds malloc's arena locked maps another one and never frees it, so the
 * test's process allows only one arena. Stacks: those of joined threads stay in a cache of at most
 * 40 MiB. procspawn__cunit_drop_stacks empties that cache: it joins a thread whose stack is larger
 * than the whole cache, which pushes out all others and then itself. The stack of a thread that was
 * not joined is not in the cache, so it is found.
 */
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "src/cunit/inventory.h"
#include "src/cunit/sanitizer.h"

enum { LARGER_THAN_CACHE = 64 << 20 };

struct mapping {
    unsigned long start, end;
    char access[8];
    char name[200];
};

static void *nothing(void *arg)
{
    return arg;
}

void procspawn__cunit_drop_stacks(void)
{
    pthread_attr_t attr;
    pthread_t thread;

    if (pthread_attr_init(&attr) != 0)
        return;
    if (pthread_attr_setstacksize(&attr, LARGER_THAN_CACHE) == 0 &&
        pthread_create(&thread, &attr, nothing, NULL) == 0)
        pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
}

static bool next_mapping(FILE *maps, struct mapping *ret_mapping)
{
    char line[512];

    if (!fgets(line, sizeof(line), maps))
        return false;
    ret_mapping->name[0] = '\0';
    sscanf(line, "%lx-%lx %7s %*s %*s %*s %199[^\n]", &ret_mapping->start, &ret_mapping->end,
           ret_mapping->access, ret_mapping->name);
    while (!strchr(line, '\n') && fgets(line, sizeof(line), maps))
        continue; /* skip the rest of a very long path */
    return true;
}

static bool is_library(const struct mapping *mapping)
{
    return mapping->name[0] == '/' && (mapping->access[2] == 'x' || strstr(mapping->name, ".so"));
}

static int look_for(struct dl_phdr_info *module, size_t size, void *mapping)
{
    const struct mapping *wanted = mapping;

    (void)size;
    for (unsigned i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        const unsigned long start = module->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && wanted->start >= start &&
            wanted->start < start + part->p_memsz)
            return 1;
    }
    return 0;
}

/* Does it begin within the program or a library, as the dynamic linker has mapped them? */
static bool is_in_module(struct mapping *mapping)
{
    return dl_iterate_phdr(look_for, mapping) != 0;
}

static int count(struct inventory *inventory, const struct mapping *mapping)
{
    const char *name = mapping->name[0] ? mapping->name : "no file";
    struct item *item = procspawn__cunit_inventory_find(inventory, 0, name);

    if (!item) {
        item = procspawn__cunit_inventory_add(inventory);
        if (!item)
            return -ENOMEM;
        snprintf(item->name, sizeof(item->name), "%s", name);
    }
    item->size += mapping->end - mapping->start;
    return 0;
}

int procspawn__cunit_mappings(struct inventory *ret_inventory)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    unsigned long behind_library = 0;
    struct mapping mapping;
    int rc = 0;

    if (!maps)
        return -errno;
    while (rc == 0 && next_mapping(maps, &mapping)) {
        const bool anonymous = !mapping.name[0];

        if (is_library(&mapping))
            behind_library = mapping.end;
        else if (anonymous && (mapping.start == behind_library || is_in_module(&mapping) ||
                               procspawn__cunit_foreign_malloc()))
            continue;
        else if (mapping.name[0] != '[')
            rc = count(ret_inventory, &mapping);
    }
    fclose(maps);
    return rc;
}
