/*
 * modules.c - reads /proc/PID/maps, and ELF headers in memory
 */
#include "src/crash/modules.h"

#include "src/base/notes.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_LIMIT = 16 << 20, HEADERS = 64, NOTES_LIMIT = 4096 };

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

static int read_all(int fd, char **ret_text)
{
    size_t room = 32768, size = 0;
    char *text = malloc(room);
    ssize_t got = 1;

    while (text && got > 0 && size < TEXT_LIMIT) {
        if (room - size < 4096) {
            char *larger = realloc(text, room *= 2);

            if (!larger)
                break;
            text = larger;
        }
        got = read(fd, text + size, room - size - 1);
        size += got > 0 ? (size_t)got : 0;
    }
    if (!text || got < 0) {
        free(text);
        return text ? -EIO : -ENOMEM;
    }
    text[size] = '\0';
    *ret_text = text;
    return 0;
}

int crash__modules_open(pid_t pid)
{
    char path[32];
    int fd;

    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;

    for (; *text; text++)
        lines += *text == '\n';
    return lines < MODULES_MAPPINGS ? lines : MODULES_MAPPINGS;
}

static int parse(struct modules *modules)
{
    size_t lines = count_lines(modules->text);
    char *line = modules->text;

    modules->mapping = calloc(lines + 1, sizeof *modules->mapping);
    if (!modules->mapping)
        return -ENOMEM;
    for (size_t i = 0; i < lines; i++) {
        char *end = strchr(line, '\n');

        *end = '\0';
        modules->mapping_count += base__maps_line(line, (size_t)(end - line),
                                                  &modules->mapping[modules->mapping_count]);
        line = end + 1;
    }
    return 0;
}

static void find_build_id(struct module *module, struct memory *memory, const ElfW(Phdr) *segment)
{
    unsigned char bytes[NOTES_LIMIT];
    struct notes notes = { .bytes = bytes, .alignment = segment->p_align };
    struct note note;

    notes.size = segment->p_filesz < sizeof bytes ? segment->p_filesz : sizeof bytes;
    if (crash__memory_read(memory, module->bias + segment->p_vaddr, bytes, notes.size) != 0 ||
        !base__notes_build_id(notes, MODULES_BUILD_ID, &note))
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

/* Adds the module whose ELF header is at the start of this mapping, if there is one. */
static void add_module(struct modules *modules, const struct mapping *mapping,
                       struct memory *memory)
{
    ElfW(Phdr) headers[HEADERS];
    struct module module = {.start = mapping->start, .end = mapping->end, .head_end = mapping->end,
                            .inode = mapping->inode, .path = mapping->path};
    size_t count = read_headers(mapping, memory, headers);

    if (!find_bias(&module, headers, count))
        return;
    for (size_t i = 0; i < count; i++) {
        if (headers[i].p_type == PT_NOTE && module.build_id_size == 0)
            find_build_id(&module, memory, &headers[i]);
        if (headers[i].p_type == PT_GNU_EH_FRAME)
            find_unwind_table(&module, memory, module.bias + headers[i].p_vaddr);
    }
    modules->module[modules->module_count++] = module;
}

/* Both paths come from the kernel, so they can be compared. */
static bool is_known(const struct modules *known, const struct mapping *mapping,
                     struct module *ret_module)
{
    for (size_t i = 0; known && i < known->module_count; i++) {
        const struct module *module = &known->module[i];

        if (module->start != mapping->start || module->head_end != mapping->end ||
            module->inode != mapping->inode || strcmp(module->path, mapping->path) != 0)
            continue;
        *ret_module = *module;
        return true;
    }
    return false;
}

/* A mapped file without code is data, not a module. It is not read: that could block. */
static bool has_code(const struct modules *modules, size_t place)
{
    const struct mapping *first = &modules->mapping[place];

    for (size_t i = place; i < modules->mapping_count; i++) {
        const struct mapping *mapping = &modules->mapping[i];

        if (mapping->inode != first->inode || strcmp(mapping->path, first->path) != 0)
            return false;
        if (mapping->executable)
            return true;
    }
    return false;
}

static bool may_be_module(const struct modules *modules, size_t place)
{
    const struct mapping *mapping = &modules->mapping[place];

    return (mapping->offset == 0 && mapping->readable && mapping->path[0] == '/' &&
            has_code(modules, place)) ||
           strcmp(mapping->path, "[vdso]") == 0;
}

int crash__modules_find(struct modules *modules, struct memory *memory, const struct modules *known)
{
    modules->module = calloc(MODULES_MODULES, sizeof *modules->module);
    if (!modules->module)
        return -ENOMEM;
    for (size_t i = 0; i < modules->mapping_count && modules->module_count < MODULES_MODULES; i++) {
        const struct mapping *mapping = &modules->mapping[i];

        if (!may_be_module(modules, i))
            continue;
        if (is_known(known, mapping, &modules->module[modules->module_count]))
            modules->module_count++;
        else
            add_module(modules, mapping, memory);
    }
    return 0;
}

int crash__modules_parse(struct modules *ret_modules, char *text)
{
    struct modules modules = {.text = text};
    int error = parse(&modules);

    if (error)
        crash__modules_free(&modules);
    else
        *ret_modules = modules;
    return error;
}

int crash__modules_read(struct modules *ret_modules, int maps)
{
    char *text;
    int error = read_all(maps, &text);

    return error ? error : crash__modules_parse(ret_modules, text);
}

static int find_own(struct modules *modules)
{
    struct memory *memory = malloc(sizeof *memory);
    int error;

    if (!memory)
        return -ENOMEM;
    crash__memory_open(memory, getpid());
    error = crash__modules_find(modules, memory, NULL);
    crash__memory_close(memory);
    free(memory);
    return error;
}

int crash__modules_own(struct modules *ret_modules)
{
    struct modules modules;
    int maps = crash__modules_open(getpid()), error;

    if (maps < 0)
        return maps;
    error = crash__modules_read(&modules, maps);
    close(maps);
    if (error)
        return error;
    error = find_own(&modules);
    if (error)
        crash__modules_free(&modules);
    else
        *ret_modules = modules;
    return error;
}

void crash__modules_free(struct modules *modules)
{
    free(modules->module);
    free(modules->mapping);
    free(modules->text);
    *modules = (struct modules){0};
}

/* The kernel lists mappings by address. */
const struct mapping *crash__modules_mapping(const struct modules *modules, uint64_t address)
{
    size_t low = 0, high = modules->mapping_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (address >= modules->mapping[middle].end)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < modules->mapping_count && address >= modules->mapping[low].start)
        return &modules->mapping[low];
    return NULL;
}

const struct module *crash__modules_module(const struct modules *modules, uint64_t address)
{
    for (size_t i = 0; i < modules->module_count; i++)
        if (address >= modules->module[i].start && address < modules->module[i].end)
            return &modules->module[i];
    return NULL;
}
