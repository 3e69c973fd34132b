/*
 * loaded_symbols_test.c - names that lie in the memory of a loaded module
 */
#include "src/crash/loaded_symbols.h"
#include "src/crash/modules.h"

#include <dlfcn.h>
#include <errno.h>
#include <forkscope/cunit.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct memory memory;

static void begin(void)
{
    crash__memory_open(&memory, getpid());
}

static void end(void)
{
    crash__memory_close(&memory);
}

/* ---- a module of this process ---- */

static void the_functions_that_a_module_exports_have_names(void)
{
    const uint64_t function = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "getppid");
    static struct modules modules;
    static char name[SYMBOLS_NAME];
    const struct module *module;
    const ElfW(Sym) *symbol;
    struct symbols symbols;

    begin();
    CU_ASSERT_EQUAL_FATAL(crash__modules_own(&modules), 0);
    module = crash__modules_at(&modules, function);
    CU_ASSERT_PTR_NOT_NULL_FATAL(module);
    CU_ASSERT_EQUAL_FATAL(crash__loaded_symbols(&symbols, module, &memory), 0);
    symbol = crash__symbols_covering(&symbols, function - module->bias);
    CU_ASSERT_PTR_NOT_NULL_FATAL(symbol);
    crash__symbols_name(&symbols, symbol, name);
    CU_ASSERT_STRING_EQUAL(name, "getppid");
    crash__symbols_free(&symbols);
    end();
}

/* ---- tables that are broken ---- */

enum { WORDS = 16, ENDLESS = 300 };

/* A GNU hash table: 2 buckets, the first symbol in the table, 1 word of filter, its shift. */
static uint32_t hash[WORDS];
static ElfW(Sym) table[8];
static ElfW(Dyn) dynamic[ENDLESS];

static ElfW(Dyn) entry(ElfW(Sxword) tag, uint64_t value)
{
    return (ElfW(Dyn)){ .d_tag = tag, .d_un.d_val = value };
}

static void make_tables(void)
{
    static const char names[] = "\0function";
    static const uint32_t good[WORDS] = { 2, 1, 1, 0, 0, 0, 1, 2, 1, 0, 1 };

    memcpy(hash, good, sizeof hash);
    memset(dynamic, 0, sizeof dynamic);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        table[i] = (ElfW(Sym)){ .st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                .st_shndx = 1, .st_value = 16 * i, .st_size = 16 };
    dynamic[0] = entry(DT_SYMTAB, (uint64_t)(uintptr_t)table);
    dynamic[1] = entry(DT_STRTAB, (uint64_t)(uintptr_t)names);
    dynamic[2] = entry(DT_STRSZ, sizeof names);
    dynamic[3] = entry(DT_SYMENT, sizeof *table);
    dynamic[4] = entry(DT_GNU_HASH, (uint64_t)(uintptr_t)hash);
}

/* Returns the number of symbols, or a negative errno value. */
static long count(void)
{
    const struct module module = { .dynamic = (uint64_t)(uintptr_t)dynamic };
    struct symbols symbols;
    long result;

    begin();
    result = crash__loaded_symbols(&symbols, &module, &memory);
    result = result < 0 ? result : (long)symbols.count;
    CU_ASSERT(result > 0 || !symbols.symbol);
    crash__symbols_free(&symbols);
    end();
    return result;
}

static void the_last_symbol_is_at_the_end_of_the_last_bucket(void)
{
    make_tables();
    CU_ASSERT_EQUAL(count(), 4);
    dynamic[4] = entry(DT_HASH, (uint64_t)(uintptr_t)hash);
    CU_ASSERT_EQUAL(count(), hash[1]);
}

/* The page behind it is not mapped. */
static void a_table_that_does_not_end_has_no_names(void)
{
    const size_t page = MEMORY_PAGE, size = 11 * sizeof *hash;
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_PTR_NOT_EQUAL_FATAL(pages, MAP_FAILED);
    munmap(pages + page, page);
    make_tables();
    dynamic[4] = entry(DT_GNU_HASH, (uint64_t)(uintptr_t)memcpy(pages + page - size, hash, size));
    CU_ASSERT_EQUAL(count(), 4);
    hash[10] = 0;
    memcpy(pages + page - size, hash, size);
    CU_ASSERT_EQUAL(count(), -ENOENT);
    munmap(pages, page);
}

static void a_section_that_does_not_end_is_read_for_a_while(void)
{
    make_tables();
    for (size_t i = 0; i < ENDLESS; i++)
        dynamic[i].d_tag = dynamic[i].d_tag ? dynamic[i].d_tag : DT_DEBUG;
    CU_ASSERT_EQUAL(count(), 4);
}

static void a_table_that_is_too_large_has_no_names(void)
{
    make_tables();
    hash[0] = UINT32_MAX;
    CU_ASSERT_EQUAL(count(), -ENOENT);
    dynamic[4] = entry(DT_HASH, (uint64_t)(uintptr_t)hash);
    hash[1] = UINT32_MAX;
    CU_ASSERT_EQUAL(count(), -ENOMEM);
}

static void a_table_that_is_nowhere_is_not_used(void)
{
    for (size_t i = 0; i < 5; i++) {
        make_tables();
        dynamic[i].d_un.d_val = i == 2 ? 0 : 8;
        /* Without their text symbols have no names, but are there. */
        CU_ASSERT(i == 1 || i == 2 ? count() == 4 : count() < 0);
        make_tables();
        dynamic[i].d_tag = DT_DEBUG;
        CU_ASSERT(i == 2 ? count() == 4 : count() < 0);
    }
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_functions_that_a_module_exports_have_names),
    TEST(the_last_symbol_is_at_the_end_of_the_last_bucket),
    TEST(a_table_that_does_not_end_has_no_names),
    TEST(a_section_that_does_not_end_is_read_for_a_while),
    TEST(a_table_that_is_too_large_has_no_names),
    TEST(a_table_that_is_nowhere_is_not_used),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "loaded_symbols", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
