/*
 * made_module.c - writes an ELF module with one function, and maps it
 */
#include "tests/support/made_module.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 65536, TABLE_AT = 4 * PAGE };    /* no processor has larger pages */

#if defined(__x86_64__)
/* movl $1, (%rdi); jmp . */
static const unsigned char code[] = { 0xc7, 0x07, 1, 0, 0, 0, 0xeb, 0xfe };
enum { MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
/* mov w1, #1; str w1, [x0]; b . */
static const unsigned char code[] = { 0x21, 0, 0x80, 0x52, 1, 0, 0, 0xb9, 0, 0, 0, 0x14 };
enum { MACHINE = EM_AARCH64 };
#endif

enum { NONE, SYMBOLS, NAMES, NOTES, SECTIONS };

struct note {
    ElfW(Nhdr) head;
    char name[4];
    unsigned id[4];
};

struct image {
    ElfW(Ehdr) head;
    ElfW(Phdr) load, notes;
    ElfW(Shdr) section[SECTIONS];
    struct note note;
    char names[64];
    unsigned char rest[PAGE];
};

static void describe(struct image *image, unsigned number, size_t table)
{
    const size_t note_at = offsetof(struct image, note);

    memcpy(image->head.e_ident, "\177ELF\2\1\1", 7);
    image->head.e_type = ET_DYN;
    image->head.e_machine = MACHINE;
    image->head.e_version = 1;
    image->head.e_phoff = offsetof(struct image, load);
    image->head.e_phentsize = sizeof image->load;
    image->head.e_phnum = 2;
    image->head.e_shoff = offsetof(struct image, section);
    image->head.e_shentsize = sizeof *image->section;
    image->head.e_shnum = SECTIONS;
    image->load = (ElfW(Phdr)){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
                                .p_filesz = 2 * PAGE, .p_memsz = 2 * PAGE };
    image->notes = (ElfW(Phdr)){ .p_type = PT_NOTE, .p_offset = note_at, .p_vaddr = note_at,
                                 .p_filesz = sizeof image->note };
    image->section[SYMBOLS] = (ElfW(Shdr)){ .sh_type = SHT_SYMTAB, .sh_offset = TABLE_AT,
                                            .sh_size = table, .sh_link = NAMES,
                                            .sh_entsize = sizeof(ElfW(Sym)) };
    image->section[NAMES] = (ElfW(Shdr)){ .sh_type = SHT_STRTAB, .sh_size = sizeof image->names,
                                          .sh_offset = offsetof(struct image, names) };
    image->section[NOTES] = (ElfW(Shdr)){ .sh_type = SHT_NOTE, .sh_offset = note_at,
                                          .sh_size = sizeof image->note };
    image->note = (struct note){ .head = { 4, sizeof image->note.id, NT_GNU_BUILD_ID },
                                 .name = "GNU", .id = { 1, 2, 3, number } };
    strcpy(image->names + 1, MADE_MODULE_NAME);
}

static int make(const char *path, unsigned number, size_t table)
{
    static struct image image;
    const ElfW(Sym) symbol = { .st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                               .st_shndx = 1, .st_value = PAGE, .st_size = PAGE };
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0755);

    describe(&image, number, table);
    if (pwrite(fd, &image, sizeof image, 0) == (ssize_t)sizeof image &&
        pwrite(fd, code, sizeof code, PAGE) == (ssize_t)sizeof code &&
        pwrite(fd, &symbol, sizeof symbol, TABLE_AT) == (ssize_t)sizeof symbol &&
        ftruncate(fd, (off_t)(TABLE_AT + table)) == 0)
        return fd;
    close(fd);
    return -1;
}

made_module_function *made_module(const char *path, unsigned number, size_t table)
{
    int fd = make(path, number, table);
    char *start = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

    close(fd);
    return start == MAP_FAILED ? NULL : (made_module_function *)(uintptr_t)(start + PAGE);
}
