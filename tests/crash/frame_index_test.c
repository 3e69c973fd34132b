/*
 * frame_index_test.c - sections of unwind information that have no index: sound ones, and ones that
 * are cut or overwritten
 */
#include "src/crash/frame_index.h"

#include "src/crash/remote_memory.h"

#include <elf.h>
#include <errno.h>
#include <forkscope/cunit.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 12 };    /* bytes before the table of an .eh_frame_hdr, as linkers write it */

/* The memory is opened anew each time: its pages change from test to test. */
static int read_index(struct frame_index *ret_index, const void *section, size_t size)
{
    static struct memory memory;
    int rc;

    crash__memory_open(&memory, getpid());
    rc = crash__frame_index_read(ret_index, &memory, (uint64_t)(uintptr_t)section, size);
    crash__memory_close(&memory);
    return rc;
}

/* ---- the section of this program, compared with the index that the linker made ---- */

struct own {
    const unsigned char *head;    /* .eh_frame_hdr */
};

static int find_own(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct own *own = argument;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
            own->head = (const unsigned char *)(uintptr_t)(info->dlpi_addr +
                                                           info->dlpi_phdr[i].p_vaddr);
    return 1;
}

static int32_t word_at(const unsigned char *at)
{
    int32_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* A record of no length ends the section. */
static size_t section_size(const unsigned char *section)
{
    size_t size = 0;

    while (word_at(section + size) != 0)
        size += (size_t)word_at(section + size) + 4;
    return size;
}

static void the_index_is_that_of_the_linker(void)
{
    struct own own = {0};
    struct frame_index index;
    const unsigned char *section;

    dl_iterate_phdr(find_own, &own);
    CU_ASSERT_FATAL(own.head && own.head[0] == 1 && own.head[3] == 0x3b);
    section = own.head + 4 + word_at(own.head + 4);
    CU_ASSERT_EQUAL_FATAL(read_index(&index, section, section_size(section)), 0);
    CU_ASSERT_EQUAL_FATAL(index.count, (size_t)word_at(own.head + 8));
    for (size_t i = 0; i < index.count; i++) {
        const unsigned char *entry = own.head + HEAD + 8 * i;

        CU_ASSERT_PTR_EQUAL(section + index.entry[i].start, own.head + word_at(entry));
        CU_ASSERT_PTR_EQUAL(section + index.entry[i].description, own.head + word_at(entry + 4));
    }
    crash__frame_index_free(&index);
}

/* ---- sections made by hand ---- */

/* A record of common information "zR", and two functions that refer to it, the later one first. */
static const unsigned char made[] = {
    16, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0, 0, 0,
    12, 0, 0, 0, 24, 0, 0, 0, 0, 2, 0, 0, 16, 0, 0, 0,
    12, 0, 0, 0, 40, 0, 0, 0, 0, 1, 0, 0, 16, 0, 0, 0,
};

static void functions_are_sorted_by_address(void)
{
    struct frame_index index;

    CU_ASSERT_EQUAL_FATAL(read_index(&index, made, sizeof made), 0);
    CU_ASSERT_EQUAL_FATAL(index.count, 2);
    CU_ASSERT_EQUAL(index.entry[0].start, 0x100 + 44);
    CU_ASSERT_EQUAL(index.entry[0].description, 36);
    CU_ASSERT_EQUAL(index.entry[1].start, 0x200 + 28);
    CU_ASSERT_EQUAL(index.entry[1].description, 20);
    crash__frame_index_free(&index);
}

static void a_function_without_its_common_information_is_left_out(void)
{
    unsigned char section[sizeof made];
    struct frame_index index;

    memcpy(section, made, sizeof made);
    section[24] = 12;    /* refers to the middle of the first record */
    CU_ASSERT_EQUAL_FATAL(read_index(&index, section, sizeof section), 0);
    CU_ASSERT_EQUAL(index.count, 1);
    crash__frame_index_free(&index);
}

static void a_cut_section_gives_what_is_whole(void)
{
    for (size_t size = 0; size <= sizeof made; size++) {
        unsigned char *section = malloc(size + 1);
        struct frame_index index;
        int rc;

        CU_ASSERT_PTR_NOT_NULL_FATAL(section);
        memcpy(section, made, size);
        rc = read_index(&index, section, size);
        CU_ASSERT_EQUAL(rc, size < 36 ? -ENOENT : 0);
        if (rc == 0) {
            CU_ASSERT_EQUAL(index.count, size < sizeof made ? 1 : 2);
            crash__frame_index_free(&index);
        }
        free(section);
    }
}

static void any_changed_byte_is_survived(void)
{
    for (size_t at = 0; at < sizeof made; at++)
        for (unsigned value = 0; value < 256; value++) {
            unsigned char section[sizeof made];
            struct frame_index index;

            memcpy(section, made, sizeof made);
            section[at] = (unsigned char)value;
            if (read_index(&index, section, sizeof section) != 0)
                continue;
            for (size_t i = 0; i < index.count; i++)
                CU_ASSERT((size_t)index.entry[i].description < sizeof made);
            crash__frame_index_free(&index);
        }
}

static void a_section_that_is_too_large_or_not_there_is_refused(void)
{
    struct frame_index index;

    CU_ASSERT_EQUAL(read_index(&index, made, SIZE_MAX / 2), -E2BIG);
    CU_ASSERT_EQUAL(read_index(&index, NULL, 4096), -EFAULT);
    CU_ASSERT_EQUAL(read_index(&index, made, 0), -ENOENT);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_index_is_that_of_the_linker),
    TEST(functions_are_sorted_by_address),
    TEST(a_function_without_its_common_information_is_left_out),
    TEST(a_cut_section_gives_what_is_whole),
    TEST(any_changed_byte_is_survived),
    TEST(a_section_that_is_too_large_or_not_there_is_refused),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "frame_index", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
