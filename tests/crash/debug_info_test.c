/*
 * debug_info_test.c - what this program's own debug information says, and what broken files do to
 * those who read them
 */
#include "src/base/clock.h"
#include "src/config.h"
#include "src/crash/debug_link.h"
#include "src/debug/dwarf.h"
#include "src/crash/elf_image.h"
#include "src/base/guard.h"
#include "src/crash/mini_debug.h"
#include "src/crash/modules.h"
#include "tests/support/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/cunit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct modules modules;
static const struct module *own;
static unsigned char *image;    /* this program's file */
static size_t image_size;

static const void *volatile place_of_inner;

enum { LINE_OF_INNER = __LINE__ + 4 };
static inline __attribute__((always_inline)) void inner(void)
{
here:
    place_of_inner = &&here;
}

enum { LINE_OF_OUTER = __LINE__ + 3 };
FRAME static void outer(void)
{
    inner();
}

static void begin(void)
{
    struct stat status;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    CU_ASSERT_FATAL(fd >= 0 && fstat(fd, &status) == 0);
    image_size = (size_t)status.st_size;
    image = malloc(image_size);
    CU_ASSERT_FATAL(image && pread(fd, image, image_size, 0) == (ssize_t)image_size);
    close(fd);
    CU_ASSERT_EQUAL_FATAL(crash__modules_own(&modules), 0);
    outer();
    own = crash__modules_at(&modules, (uintptr_t)begin);
    CU_ASSERT_FATAL(own != NULL);
}

static void end(void)
{
    crash__modules_free(&modules);
    free(image);
}

static int in_a_file(const unsigned char *bytes, size_t size)
{
    int fd = memfd_create("file", MFD_CLOEXEC);

    CU_ASSERT_FATAL(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    return fd;
}

/* ---- sound information ---- */

#ifdef HAVE_DW

static uint64_t offset_of(const void *code)
{
    return (uintptr_t)code - own->bias;
}

static void check_file(const struct dwarf_place *place)
{
    const char *file = strrchr(place->file ? place->file : "", '/');

    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_STRING_EQUAL(file, "/debug_info_test.c");
}

static void functions_and_lines_of_code_are_found(void)
{
    struct dwarf_place place[DWARF_PLACES];
    struct dwarf *dwarf;
    struct dwarf_file *file;

    CU_ASSERT_EQUAL_FATAL(debug__dwarf_new(&dwarf, base__deadline(10 * BASE_SECOND)), 0);
    file = debug__dwarf_open(dwarf, in_a_file(image, image_size));
    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_EQUAL_FATAL(debug__dwarf_places(file, offset_of(place_of_inner), place), 2);
    CU_ASSERT_STRING_EQUAL(place[0].function, "inner");
    CU_ASSERT_EQUAL(place[0].line, LINE_OF_INNER);
    CU_ASSERT_STRING_EQUAL(place[1].function, "outer");
    CU_ASSERT_EQUAL(place[1].line, LINE_OF_OUTER);
    check_file(&place[0]);
    check_file(&place[1]);
    CU_ASSERT_EQUAL(debug__dwarf_places(file, 0, place), 0);
    CU_ASSERT_EQUAL(debug__dwarf_places(file, UINT64_MAX, place), 0);
    debug__dwarf_close(file);
    debug__dwarf_free(dwarf);
}

static void nothing_is_looked_up_after_the_deadline(void)
{
    struct dwarf_place place[DWARF_PLACES];
    struct dwarf *dwarf;
    struct dwarf_file *file;
    size_t found = 1;

    CU_ASSERT_EQUAL_FATAL(debug__dwarf_new(&dwarf, base__now() - 1), 0);
    file = debug__dwarf_open(dwarf, in_a_file(image, image_size));
    CU_ASSERT_FATAL(file != NULL);
    for (int i = 0; i < 1000 && found > 0; i++)
        found = debug__dwarf_places(file, offset_of(place_of_inner), place);
    CU_ASSERT_EQUAL(found, 0);
    debug__dwarf_close(file);
    debug__dwarf_free(dwarf);
}

/* ---- broken information ---- */

static void leave(int signo)
{
    (void)signo;
    _exit(0);
}

/* Looks up much, as the unwinder does, in a process of its own. */
static void __attribute__((noreturn)) look_up(int fd)
{
    struct dwarf_place place[DWARF_PLACES];
    struct dwarf *dwarf;
    struct dwarf_file *file = NULL;

    base__guard(BASE_SECOND, leave);
    if (debug__dwarf_new(&dwarf, base__deadline(BASE_SECOND / 2)) == 0)
        file = debug__dwarf_open(dwarf, fd);
    for (uint64_t at = 0; file && at < own->end - own->start; at += 511) {
        size_t count = debug__dwarf_places(file, at, place);

        for (size_t i = 0; i < count; i++)
            if ((place[i].line > 0) != (place[i].file && *place[i].file) && place[i].line > 0)
                _exit(1);
        if (count > DWARF_PLACES)
            _exit(1);
    }
    _exit(0);
}

static void check_survives(const unsigned char *bytes, size_t size)
{
    int status = -1, fd = in_a_file(bytes, size);
    pid_t pid = fork();

    if (pid == 0)
        look_up(fd);
    close(fd);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
}

static void broken_information_ends_nothing_but_the_look_up(void)
{
    static const char *const names[] = { ".debug_info", ".debug_abbrev", ".debug_line",
                                         ".debug_str", ".debug_aranges", ".debug_rnglists" };
    struct elf_image sound = {.fd = -1, .bytes = image, .size = image_size};
    unsigned char *bytes = malloc(image_size);
    unsigned seed = 4711;

    CU_ASSERT_EQUAL_FATAL(crash__elf_open(&sound), 0);
    for (size_t i = 0; i < 3 * sizeof names / sizeof *names; i++) {
        const ElfW(Shdr) *section = crash__elf_section(&sound, names[i / 3]);

        if (!section || section->sh_size == 0)
            continue;
        memcpy(bytes, image, image_size);
        for (uint64_t k = 0; k < section->sh_size / (i % 3 == 0 ? 1 : 50); k++) {
            seed = seed * 1103515245 + 12345;
            bytes[section->sh_offset + (seed >> 8) % section->sh_size] = (unsigned char)(seed >> 20);
        }
        check_survives(bytes, image_size);
    }
    for (size_t part = 1; part < 6; part++)
        check_survives(image, image_size * part / 6);
    crash__elf_close(&sound);
    free(bytes);
}

#else

static void without_libdw_nothing_is_found(void)
{
    struct dwarf *dwarf;

    CU_ASSERT_EQUAL(debug__dwarf_new(&dwarf, INT64_MAX), -ENOSYS);
}

#endif

/* ---- ELF ---- */

/* All that is read of a file; nothing of it can be right. */
static void read_all(const unsigned char *bytes, size_t size)
{
    struct elf_image file = {.fd = -1, .bytes = bytes, .size = size};
    struct symbols symbols;
    char name[SYMBOLS_NAME];

    if (crash__elf_open(&file) == 0) {
        (void)crash__elf_section(&file, ".debug_info");
        (void)crash__elf_section_of_type(&file, SHT_SYMTAB);
        (void)crash__elf_has_build_id(&file, own);
        crash__elf_close(&file);
    }
    if (crash__symbols_read_bytes(&symbols, bytes, size) == 0) {
        const ElfW(Sym) *symbol = crash__symbols_covering(&symbols, (uintptr_t)begin - own->bias);

        if (symbol)
            crash__symbols_name(&symbols, symbol, name);
    }
    crash__symbols_free(&symbols);
}

static void a_broken_file_is_read_within_its_bounds(void)
{
    enum { HEAD = 64, ROUNDS = 400 };
    size_t tables = (size_t)((const ElfW(Ehdr) *)(const void *)image)->e_shoff;
    unsigned seed = 4711;
    unsigned char *bytes;

    for (size_t size = 0; size < image_size; size += 1 + image_size / 300) {
        bytes = malloc(size + 1);
        memcpy(bytes, image, size);
        read_all(bytes, size);
        free(bytes);
    }
    bytes = malloc(image_size);
    for (int i = 0; i < ROUNDS; i++) {
        memcpy(bytes, image, image_size);
        for (int k = 0; k < 3; k++) {
            seed = seed * 1103515245 + 12345;
            size_t at = k == 0 ? seed % HEAD : tables + (seed >> 4) % (image_size - tables);
            bytes[at] = (unsigned char)(seed >> 20);
        }
        read_all(bytes, image_size);
    }
    free(bytes);
}

static int refuse(const char *path)
{
    (void)path;
    return -1;
}

static void a_file_without_link_and_names_has_none(void)
{
    struct mini_debug mini;
    int fd = in_a_file(image, image_size / 2);

    CU_ASSERT_EQUAL(crash__debug_link_open(own, fd, refuse), -1);
    CU_ASSERT_EQUAL(crash__debug_link_open(own, -1, refuse), -1);
    CU_ASSERT_FALSE(crash__mini_debug_read(&mini, own, fd));
    CU_ASSERT_FALSE(crash__mini_debug_read(&mini, own, -1));
    close(fd);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
#ifdef HAVE_DW
    TEST(functions_and_lines_of_code_are_found),
    TEST(nothing_is_looked_up_after_the_deadline),
    TEST(broken_information_ends_nothing_but_the_look_up),
#else
    TEST(without_libdw_nothing_is_found),
#endif
    TEST(a_broken_file_is_read_within_its_bounds),
    TEST(a_file_without_link_and_names_has_none),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "debug_info", .pTests = tests, .pSetUpFunc = begin, .pTearDownFunc = end },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
