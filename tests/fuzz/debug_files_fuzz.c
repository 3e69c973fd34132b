/*
 * debug_files_fuzz.c - any bytes as the file of a module: its link to a debug file, its compressed
 * names, a report behind another. Debug information itself: dwarf_fuzz.c.
 */
#include "tests/fuzz/fuzz.h"

#include "src/crash/debug_link.h"
#include "src/crash/elf_image.h"
#include "src/crash/mini_debug.h"
#include "src/crash/report_file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int itself = -1;

/* The debug file is the file itself. */
static int open_itself(const char *path)
{
    fuzz_check(path[0] == '/' && !strstr(path, "//"));
    return dup(itself);
}

static void read_names(const struct module *module)
{
    static char name[SYMBOLS_NAME];
    struct mini_debug mini;

    if (!crash__mini_debug_read(&mini, module, itself))
        return;
    for (size_t i = 0; i < mini.symbols.count && i < 16; i++) {
        crash__symbols_name(&mini.symbols, &mini.symbols.symbol[i], name);
        fuzz_check(strnlen(name, sizeof name) < sizeof name);
    }
    crash__mini_debug_free(&mini);
}

/* A file without build-id is known by its inode. */
static void read_file(void)
{
    struct module module = { .path = "/folder/module" };
    struct stat status;
    int fd;

    fuzz_check(fstat(itself, &status) == 0);
    module.inode = status.st_ino;
    fd = crash__debug_link_open(&module, itself, open_itself);
    if (fd >= 0)
        close(fd);
    read_names(&module);
}

static void read_image(const uint8_t *bytes, size_t size)
{
    struct elf_image image = { .fd = -1, .bytes = bytes, .size = size };
    struct symbols symbols;
    static char name[SYMBOLS_NAME];

    if (crash__elf_open(&image) == 0) {
        const ElfW(Shdr) *section = crash__elf_section(&image, ".debug_info");

        fuzz_check(!section || (section >= image.section &&
                                section < image.section + image.head.e_shnum));
        crash__elf_close(&image);
    }
    if (crash__symbols_read_bytes(&symbols, bytes, size) == 0)
        for (size_t i = 0; i < symbols.count && i < 16; i++)
            crash__symbols_name(&symbols, &symbols.symbol[i], name);
    crash__symbols_free(&symbols);
}

static void read_reports(const uint8_t *bytes, size_t size)
{
    static struct backtrace trace;

    if (crash__report_file_last(bytes, size, &trace) == 0)
        for (uint32_t i = 0; i < trace.source_count; i++)
            fuzz_check(trace.source[i] < trace.string_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_note_descriptors();
    itself = fuzz_open(5, bytes, size);
    read_file();
    read_image(bytes, size);
    read_reports(bytes, size);
    close(itself);
    fuzz_check_descriptors();
    return 0;
}
