/*
 * module.c - reads ELF headers, notes and the head of the unwind information
 */
#include "src/crash/module.h"

#include "src/base/notes.h"

#include <elf.h>
#include <link.h>
#include <string.h>

enum { HEADERS = 64, NOTES_LIMIT = 4096 };

/*
 * The DW_EH_PE encodings of .eh_frame_hdr that linkers produce: a 4-byte count, then pairs of
 * 4-byte offsets relative to the section.
 */
enum {
    ENCODED_UDATA4 = 0x03,
    ENCODED_DATAREL_SDATA4 = 0x3b,
    ENCODED_SIZE_MASK = 0x07,
    ENCODED_DATA8 = 0x04
};

static void find_build_id(struct module *module, struct memory *memory, const ElfW(Phdr) *segment)
{
    unsigned char bytes[NOTES_LIMIT];
    struct notes notes = { .bytes = bytes, .alignment = segment->p_align };
    struct note note;

    notes.size = segment->p_filesz < sizeof bytes ? segment->p_filesz : sizeof bytes;
    if (crash__memory_read(memory, module->bias + segment->p_vaddr, bytes, notes.size) != 0 ||
        !base__notes_build_id(notes, MODULE_BUILD_ID, &note))
        return;
    memcpy(module->build_id, note.data, note.size);
    module->build_id_size = note.size;
}

static void find_unwind_table(struct module *module, struct memory *memory, uint64_t address)
{
    unsigned char head[4];
    uint32_t count;
    uint64_t at = address + sizeof head;

    if (crash__memory_read(memory, address, head, sizeof head) != 0 || head[0] != 1)
        return;
    if (head[2] != ENCODED_UDATA4 || head[3] != ENCODED_DATAREL_SDATA4)
        return;
    at += (head[1] & ENCODED_SIZE_MASK) == ENCODED_DATA8 ? 8 : 4;
    if (crash__memory_read(memory, at, &count, sizeof count) != 0)
        return;
    module->unwind = address;
    module->unwind_table = at + sizeof count;
    module->unwind_count = count;
}

static size_t read_headers(const struct mapping *mapping, struct memory *memory,
                           ElfW(Phdr) *ret_headers)
{
    ElfW(Ehdr) head;

    if (crash__memory_read(memory, mapping->start, &head, sizeof head) != 0)
        return 0;
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof *ret_headers ||
        head.e_phnum > HEADERS)
        return 0;
    if (crash__memory_read(memory, mapping->start + head.e_phoff, ret_headers,
                           head.e_phnum * sizeof *ret_headers) != 0)
        return 0;
    return head.e_phnum;
}

static bool find_bias(struct module *module, const ElfW(Phdr) *headers, size_t count)
{
    bool found = false;

    for (size_t i = 0; i < count; i++) {
        uint64_t end = headers[i].p_vaddr + headers[i].p_memsz;

        if (headers[i].p_type != PT_LOAD)
            continue;
        if (!found)
            module->bias = module->start - (headers[i].p_vaddr - headers[i].p_offset);
        found = true;
        if (module->bias + end > module->end)
            module->end = module->bias + end;
    }
    return found;
}

bool crash__module_read(struct module *ret_module, const struct mapping *mapping,
                        struct memory *memory)
{
    ElfW(Phdr) headers[HEADERS];
    struct module module = { .start = mapping->start,
                             .end = mapping->end,
                             .head_end = mapping->end,
                             .inode = mapping->inode,
                             .path = mapping->path };
    size_t count = read_headers(mapping, memory, headers);

    if (!find_bias(&module, headers, count))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (headers[i].p_type == PT_NOTE && module.build_id_size == 0)
            find_build_id(&module, memory, &headers[i]);
        if (headers[i].p_type == PT_DYNAMIC)
            module.dynamic = module.bias + headers[i].p_vaddr;
        if (headers[i].p_type == PT_GNU_EH_FRAME)
            find_unwind_table(&module, memory, module.bias + headers[i].p_vaddr);
    }
    *ret_module = module;
    return true;
}
