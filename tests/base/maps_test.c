/*
 * maps_test.c - lines of /proc/PID/maps, true ones and others
 */
#include "src/base/maps.h"

#include <forkscope/cunit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBC "7f1c2a000000-7f1c2a021000 r-xp 00001000 fe:01 1234"

/* Reads a copy in memory of exactly this size: a sanitizer sees a read past its end. */
static bool read_bytes(const char *line, size_t length, struct mapping *ret_mapping)
{
    char *copy = malloc(length ? length : 1);

    CU_ASSERT_FATAL(copy != NULL);
    memcpy(copy, line, length);
    const bool whole = base__maps_line(copy, length, ret_mapping);
    if (whole) {
        CU_ASSERT(ret_mapping->path + ret_mapping->path_length == copy + length);
        ret_mapping->path = line + (ret_mapping->path - copy);
    }
    free(copy);
    return whole;
}

static bool read_line(const char *line, struct mapping *ret_mapping)
{
    return read_bytes(line, strlen(line), ret_mapping);
}

static bool is_refused(const char *line)
{
    struct mapping mapping;

    memset(&mapping, 0x5a, sizeof mapping);
    const struct mapping before = mapping;
    return !read_line(line, &mapping) && memcmp(&mapping, &before, sizeof mapping) == 0;
}

static bool has_path(const char *line, const char *path)
{
    struct mapping mapping;

    return read_line(line, &mapping) && mapping.path_length == strlen(path) &&
           memcmp(mapping.path, path, mapping.path_length) == 0;
}

static void each_field_is_read(void)
{
    struct mapping mapping;

    CU_ASSERT_FATAL(read_line(LIBC "                       /usr/lib/libc.so.6", &mapping));
    CU_ASSERT_EQUAL(mapping.start, 0x7f1c2a000000);
    CU_ASSERT_EQUAL(mapping.end, 0x7f1c2a021000);
    CU_ASSERT_EQUAL(mapping.offset, 0x1000);
    PROCSPAWN_CUNIT_EQUAL(mapping.major, 0xfe);
    PROCSPAWN_CUNIT_EQUAL(mapping.minor, 1);
    CU_ASSERT_EQUAL(mapping.inode, 1234);
    CU_ASSERT(has_path(LIBC "                       /usr/lib/libc.so.6", "/usr/lib/libc.so.6"));
}

static void each_right_is_read(void)
{
    struct mapping mapping;

    CU_ASSERT_FATAL(read_line("1000-2000 r--p 0 0:0 0", &mapping));
    CU_ASSERT(mapping.readable && !mapping.writable && !mapping.executable && !mapping.shared);
    CU_ASSERT_FATAL(read_line("1000-2000 -w-p 0 0:0 0", &mapping));
    CU_ASSERT(!mapping.readable && mapping.writable && !mapping.executable && !mapping.shared);
    CU_ASSERT_FATAL(read_line("1000-2000 --xp 0 0:0 0", &mapping));
    CU_ASSERT(!mapping.readable && !mapping.writable && mapping.executable && !mapping.shared);
    CU_ASSERT_FATAL(read_line("1000-2000 ---s 0 0:0 0", &mapping));
    CU_ASSERT(!mapping.readable && !mapping.writable && !mapping.executable && mapping.shared);
}

static void rights_that_do_not_exist_are_refused(void)
{
    CU_ASSERT(is_refused("1000-2000 rwx 0 0:0 0"));
    CU_ASSERT(is_refused("1000-2000 rwxpp 0 0:0 0"));
    CU_ASSERT(is_refused("1000-2000 wrxp 0 0:0 0"));
    CU_ASSERT(is_refused("1000-2000 rwx- 0 0:0 0"));
    CU_ASSERT(is_refused("1000-2000  0 0:0 0"));
}

static void anonymous_memory_has_no_path(void)
{
    CU_ASSERT(has_path("1000-2000 rw-p 00000000 00:00 0", ""));
    CU_ASSERT(has_path("1000-2000 rw-p 00000000 00:00 0 ", ""));
    CU_ASSERT(has_path("1000-2000 rw-p 00000000 00:00 0                    ", ""));
}

static void a_path_is_the_rest_of_the_line(void)
{
    CU_ASSERT(has_path(LIBC " /a file with  spaces ", "/a file with  spaces "));
    CU_ASSERT(has_path(LIBC " /a\\012newline", "/a\\012newline"));
    CU_ASSERT(has_path(LIBC " /tab\there", "/tab\there"));
    CU_ASSERT(has_path(LIBC " [vdso]", "[vdso]"));
    CU_ASSERT(has_path(LIBC " /7f1c2a000000-7f1c2a021000 r-xp 0 0:0 0",
                       "/7f1c2a000000-7f1c2a021000 r-xp 0 0:0 0"));
}

/* A file may have such a name, so the mark is not taken off. */
static void the_mark_of_a_deleted_file_stays(void)
{
    CU_ASSERT(has_path(LIBC " /tmp/a.so (deleted)", "/tmp/a.so (deleted)"));
    CU_ASSERT(has_path(LIBC " /memfd:name (deleted)", "/memfd:name (deleted)"));
}

static void a_path_can_have_any_length(void)
{
    enum { LENGTH = 1 << 20 };
    char *line = malloc(sizeof LIBC + LENGTH);
    struct mapping mapping;

    CU_ASSERT_FATAL(line != NULL);
    memcpy(line, LIBC " ", sizeof LIBC);
    memset(line + sizeof LIBC, '/', LENGTH);
    CU_ASSERT_FATAL(read_bytes(line, sizeof LIBC + LENGTH, &mapping));
    CU_ASSERT_EQUAL(mapping.path_length, LENGTH);
    free(line);
}

static void a_truncated_line_is_refused(void)
{
    struct mapping mapping;

    for (size_t length = 0; length <= strlen(LIBC) - strlen("1234"); length++)
        CU_ASSERT(!read_bytes(LIBC, length, &mapping));
    CU_ASSERT(read_line(LIBC, &mapping));
}

static void a_number_with_a_hole_is_refused(void)
{
    CU_ASSERT(is_refused("-2000 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("1000- rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("10 00-2000 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("1000-20 00 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("1000-2000 rw-p  0:0 0"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 :0 0"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 0: 0"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 00 0"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 0:0 "));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 0:0 /path"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 0:0 12/path"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 0:0 1a"));
}

static void a_number_as_the_kernel_does_not_write_it_is_refused(void)
{
    CU_ASSERT(is_refused("0x1000-2000 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("+1000-2000 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused(" 1000-2000 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("1000--2000 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("A000-B000 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("1000-2000\trw-p 0 0:0 0"));
}

static void the_largest_numbers_are_read(void)
{
    struct mapping mapping;

    CU_ASSERT_FATAL(read_line("fffffffffffffffe-ffffffffffffffff rwxs ffffffffffffffff "
                              "ffffffff:ffffffff 18446744073709551615",
                              &mapping));
    CU_ASSERT_EQUAL(mapping.end, UINT64_MAX);
    CU_ASSERT_EQUAL(mapping.offset, UINT64_MAX);
    CU_ASSERT_EQUAL(mapping.major, UINT32_MAX);
    CU_ASSERT_EQUAL(mapping.minor, UINT32_MAX);
    CU_ASSERT_EQUAL(mapping.inode, UINT64_MAX);
}

static void a_number_that_is_too_large_is_refused(void)
{
    CU_ASSERT(is_refused("1000-10000000000000000 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("1000-fffffffffffffffff rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("1000-2000 rw-p 10000000000000000 0:0 0"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 100000000:0 0"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 0:100000000 0"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 0:0 18446744073709551616"));
    CU_ASSERT(is_refused("1000-2000 rw-p 0 0:0 99999999999999999999"));
}

static void an_empty_range_is_refused(void)
{
    CU_ASSERT(is_refused("1000-1000 rw-p 0 0:0 0"));
    CU_ASSERT(is_refused("2000-1000 rw-p 0 0:0 0"));
}

static void other_lines_of_smaps_are_refused(void)
{
    CU_ASSERT(is_refused(""));
    CU_ASSERT(is_refused("Size:                132 kB"));
    CU_ASSERT(is_refused("Anonymous:             4 kB"));
    CU_ASSERT(is_refused("FilePmdMapped:         0 kB"));
    CU_ASSERT(is_refused("VmFlags: rd ex mr mw me sd"));
}

static void each_mapping_of_this_process_is_read(void)
{
    const uintptr_t code = (uintptr_t)each_mapping_of_this_process_is_read;
    FILE *maps = fopen("/proc/self/maps", "re");
    struct mapping mapping;
    bool found = false;
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    CU_ASSERT_FATAL(maps != NULL);
    while ((length = getline(&line, &room, maps)) > 0) {
        CU_ASSERT_FATAL(read_bytes(line, (size_t)length - 1, &mapping));
        found |= code >= mapping.start && code < mapping.end && mapping.executable &&
                 mapping.inode > 0 && mapping.path[0] == '/';
    }
    CU_ASSERT(found);
    free(line);
    fclose(maps);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(each_field_is_read),
    TEST(each_right_is_read),
    TEST(rights_that_do_not_exist_are_refused),
    TEST(anonymous_memory_has_no_path),
    TEST(a_path_is_the_rest_of_the_line),
    TEST(the_mark_of_a_deleted_file_stays),
    TEST(a_path_can_have_any_length),
    TEST(a_truncated_line_is_refused),
    TEST(a_number_with_a_hole_is_refused),
    TEST(a_number_as_the_kernel_does_not_write_it_is_refused),
    TEST(the_largest_numbers_are_read),
    TEST(a_number_that_is_too_large_is_refused),
    TEST(an_empty_range_is_refused),
    TEST(other_lines_of_smaps_are_refused),
    TEST(each_mapping_of_this_process_is_read),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "maps", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
