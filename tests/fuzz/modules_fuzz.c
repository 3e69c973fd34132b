/*
 * modules_fuzz.c - the mappings of a process, by their list and by its memory, and the names in the
 * files of its modules; the process controls all of it
 */
#include "tests/fuzz/fuzz.h"

#include "src/crash/loaded_symbols.h"
#include "src/crash/modules.h"
#include "src/crash/symbols.h"
#include "src/crash/remote_memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file's offsets are the addresses: it stands for /proc/PID/mem. */
static void fill_memory(struct fuzz_input *input, struct memory *memory)
{
    static const char nothing[MEMORY_PAGE];

    memory->fd = fuzz_open(5, input->bytes, input->left);
    fuzz_check(write(memory->fd, nothing, MEMORY_PAGE - input->left % MEMORY_PAGE) > 0);
    for (size_t i = 0; i < MEMORY_PAGES; i++)
        memory->address[i] = 1;
}

static void check_names(const struct symbols *symbols)
{
    char name[SYMBOLS_NAME];

    for (size_t i = 0; i < symbols->count; i += 1 + symbols->count / 16) {
        const ElfW(Sym) *symbol = &symbols->symbol[i];

        crash__symbols_name(symbols, symbol, name);
        fuzz_check(strnlen(name, sizeof name) < sizeof name);
        symbol = crash__symbols_covering(symbols, symbol->st_value);
        fuzz_check(!symbol || (symbol >= symbols->symbol &&
                               symbol < symbols->symbol + symbols->count));
    }
    (void)crash__symbols_variable(symbols, "__abort_msg", 8);
}

/* Its own memory is the file it came from; a file without build-id is known by its inode. */
static void read_symbols(const struct module *module, struct memory *memory)
{
    struct module same = *module;
    struct symbols symbols;
    struct stat status;

    fuzz_check(fstat(memory->fd, &status) == 0);
    same.inode = status.st_ino;
    if (crash__symbols_read(&symbols, &same, dup(memory->fd), dup(memory->fd)) == 0)
        check_names(&symbols);
    crash__symbols_free(&symbols);
    if (crash__symbols_read_vdso(&symbols, module, memory) == 0)
        check_names(&symbols);
    crash__symbols_free(&symbols);
    if (crash__loaded_symbols(&symbols, module, memory) == 0)
        check_names(&symbols);
    crash__symbols_free(&symbols);
}

static void look_up(const struct modules *modules)
{
    const struct mappings *mappings = &modules->mappings;

    for (size_t i = 0; i < mappings->count; i++) {
        (void)crash__mappings_at(mappings, mappings->mapping[i].start);
        (void)crash__mappings_at(mappings, mappings->mapping[i].end);
        (void)crash__modules_at(modules, mappings->mapping[i].start);
    }
}

static void read_all(struct modules *modules, struct memory *memory)
{
    struct modules again;

    if (crash__modules_find(modules, memory, NULL) != 0)
        return;
    look_up(modules);
    for (size_t i = 0; i < modules->count && i < 4; i++) {
        fuzz_check(modules->module[i].build_id_size <= MODULE_BUILD_ID);
        read_symbols(&modules->module[i], memory);
    }
    again = *modules;
    again.module = NULL;
    again.count = 0;
    if (crash__modules_find(&again, memory, modules) == 0)
        fuzz_check(again.count >= modules->count);
    free(again.module);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct memory memory;
    struct fuzz_input input = { bytes, size };
    size_t length = fuzz_length(&input, 4096);
    char *text = malloc(length + 1);
    struct modules modules;

    fuzz_note_descriptors();
    memcpy(text, input.bytes, length);
    text[length] = '\0';
    input.bytes += length;
    input.left -= length;
    fill_memory(&input, &memory);
    if (crash__mappings_parse(&modules.mappings, text) == 0) {
        read_all(&modules, &memory);
        crash__modules_free(&modules);
    }
    crash__memory_close(&memory);
    fuzz_check_descriptors();
    return 0;
}
