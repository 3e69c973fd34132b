/*
 * loaded_symbols.c - reads the dynamic section of a loaded module, of which nothing is trusted
 */
#include "src/crash/loaded_symbols.h"

#include "src/crash/elf_image.h"

#include <errno.h>

enum {
    ENTRIES_LIMIT = 256,      /* of the dynamic section */
    BUCKETS_LIMIT = 1 << 20,
    CHAIN_LIMIT = 1 << 16,    /* symbols of one bucket */
    AT_ONCE = 256,
};

/* Addresses; 0: it has none. */
struct tables {
    uint64_t symbols, names, names_size, entry_size, hash, gnu_hash;
};

static void note(struct tables *tables, const ElfW(Dyn) *entry)
{
    switch (entry->d_tag) {
    case DT_SYMTAB:
        tables->symbols = entry->d_un.d_ptr;
        break;
    case DT_STRTAB:
        tables->names = entry->d_un.d_ptr;
        break;
    case DT_STRSZ:
        tables->names_size = entry->d_un.d_val;
        break;
    case DT_SYMENT:
        tables->entry_size = entry->d_un.d_val;
        break;
    case DT_HASH:
        tables->hash = entry->d_un.d_ptr;
        break;
    case DT_GNU_HASH:
        tables->gnu_hash = entry->d_un.d_ptr;
        break;
    default:
        break;
    }
}

/* The dynamic linker has made addresses of them, unless the section is not writable. */
static void relocate(uint64_t *address, const struct module *module)
{
    if (*address != 0 && *address < module->start)
        *address += module->bias;
}

static bool read_tables(struct tables *ret_tables, const struct module *module,
                        struct memory *memory)
{
    ElfW(Dyn) entry;

    *ret_tables = (struct tables){0};
    for (uint64_t i = 0; i < ENTRIES_LIMIT; i++) {
        if (crash__memory_read(memory, module->dynamic + i * sizeof entry, &entry, sizeof entry) != 0)
            return false;
        if (entry.d_tag == DT_NULL)
            break;
        note(ret_tables, &entry);
    }
    relocate(&ret_tables->symbols, module);
    relocate(&ret_tables->names, module);
    relocate(&ret_tables->hash, module);
    relocate(&ret_tables->gnu_hash, module);
    return ret_tables->symbols && ret_tables->names &&
           ret_tables->entry_size == sizeof(ElfW(Sym));
}

static uint32_t word_at(struct memory *memory, uint64_t address)
{
    uint32_t word;

    return crash__memory_read(memory, address, &word, sizeof word) == 0 ? word : 0;
}

/* The table is sorted by bucket: its last symbol is in the bucket that begins last. */
static uint32_t last_begin(struct memory *memory, uint64_t buckets, uint32_t count)
{
    uint32_t some[AT_ONCE], last = 0;

    for (uint32_t i = 0; i < count; i += AT_ONCE) {
        uint32_t size = count - i < AT_ONCE ? count - i : AT_ONCE;

        if (crash__memory_read(memory, buckets + 4 * (uint64_t)i, some, 4 * (size_t)size) != 0)
            return 0;
        for (uint32_t k = 0; k < size; k++)
            last = some[k] > last ? some[k] : last;
    }
    return last;
}

/* The last word of a bucket is odd. */
static uint64_t count_by_gnu_hash(struct memory *memory, uint64_t table)
{
    uint32_t buckets = word_at(memory, table), first = word_at(memory, table + 4);
    uint64_t begin = table + 16 + 8 * (uint64_t)word_at(memory, table + 8);
    uint64_t chain = begin + 4 * (uint64_t)buckets;
    uint32_t last = buckets <= BUCKETS_LIMIT ? last_begin(memory, begin, buckets) : 0;

    if (last < first || last == 0)
        return 0;
    for (uint64_t i = last; i - last < CHAIN_LIMIT; i++) {
        uint32_t word;

        if (crash__memory_read(memory, chain + 4 * (i - first), &word, sizeof word) != 0)
            return 0;
        if (word & 1)
            return i + 1;
    }
    return 0;
}

int crash__loaded_symbols(struct symbols *ret_symbols, const struct module *module,
                          struct memory *memory)
{
    const struct elf_image image = {.fd = -1, .memory = memory};
    struct tables tables;
    ElfW(Sym) *symbol;
    uint64_t count;

    *ret_symbols = (struct symbols){.fd = -1};
    if (module->dynamic == 0 || !read_tables(&tables, module, memory))
        return -ENOENT;
    count = tables.gnu_hash ? count_by_gnu_hash(memory, tables.gnu_hash)
            : tables.hash   ? word_at(memory, tables.hash + 4)
                            : 0;
    if (count == 0)
        return -ENOENT;
    symbol = crash__elf_copy(&image, tables.symbols, count * sizeof *symbol);
    if (!symbol)
        return -ENOMEM;
    *ret_symbols = (struct symbols){.symbol = symbol, .count = count, .fd = -1, .memory = memory,
                                    .names = tables.names, .names_size = tables.names_size};
    return 0;
}
