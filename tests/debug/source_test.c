/*
 * source_test.c - lines of source files, and files that are none
 */
#include "src/debug/source.h"

#include <fcntl.h>
#include <forkscope/cunit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct timespec old = { .tv_sec = 1000000000 }, new = { .tv_sec = 2000000000 };
static char folder[] = "/tmp/forkscope.XXXXXX", path[64];
static struct source source;

static void begin(void)
{
    strcpy(strrchr(folder, '.'), ".XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/file.c", folder);
}

static void end(void)
{
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void make(const char *text)
{
    const struct timespec times[2] = { old, old };
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    CU_ASSERT_EQUAL(futimens(fd, times), 0);
    close(fd);
}

static void a_line_comes_with_its_neighbours(void)
{
    make("one\ntwo\n\nfour\r\n\tfive\nsix");
    CU_ASSERT_EQUAL_FATAL(debug__source_read(&source, path, 4, &old), 3);
    CU_ASSERT_EQUAL(source.first, 3);
    CU_ASSERT_STRING_EQUAL(source.text[0], "");
    CU_ASSERT_STRING_EQUAL(source.text[1], "four");
    CU_ASSERT_STRING_EQUAL(source.text[2], "        five");
}

static void the_first_and_the_last_line_have_one_neighbour(void)
{
    make("one\ntwo\nthree\nfour");
    CU_ASSERT_EQUAL_FATAL(debug__source_read(&source, path, 1, &old), 2);
    CU_ASSERT_EQUAL(source.first, 1);
    CU_ASSERT_STRING_EQUAL(source.text[1], "two");
    CU_ASSERT_EQUAL_FATAL(debug__source_read(&source, path, 4, &old), 2);
    CU_ASSERT_EQUAL(source.first, 3);
    CU_ASSERT_STRING_EQUAL(source.text[1], "four");
    make("alone");
    CU_ASSERT_EQUAL_FATAL(debug__source_read(&source, path, 1, &old), 1);
    CU_ASSERT_STRING_EQUAL(source.text[0], "alone");
}

static void a_line_that_is_not_there_has_no_neighbours(void)
{
    make("one\ntwo\n");
    CU_ASSERT_EQUAL(debug__source_read(&source, path, 0, &old), 0);
    CU_ASSERT_EQUAL(debug__source_read(&source, path, 3, &old), 0);
    CU_ASSERT_EQUAL(debug__source_read(&source, path, UINT32_MAX, &old), 0);
    make("");
    CU_ASSERT_EQUAL(debug__source_read(&source, path, 1, &old), 0);
}

static void a_long_line_is_cut_between_characters(void)
{
    char text[1000] = "";

    for (int i = 0; i < 300; i++)
        strcat(text, "\xc3\xa4");
    make(text);
    CU_ASSERT_EQUAL_FATAL(debug__source_read(&source, path, 1, &old), 1);
    CU_ASSERT(strlen(source.text[0]) > SOURCE_TEXT - 4 && strlen(source.text[0]) % 2 == 0);
    memset(text, '\t', sizeof text - 1);
    make(text);
    CU_ASSERT_EQUAL(debug__source_read(&source, path, 1, &old), 1);
    CU_ASSERT_EQUAL(strlen(source.text[0]), SOURCE_TEXT - 1);
}

static void a_line_far_behind_is_found(void)
{
    static char text[200000];

    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = i % 10 == 9 ? '\n' : 'x';
    memcpy(text + 150000, "here", 4);
    make(text);
    CU_ASSERT_EQUAL_FATAL(debug__source_read(&source, path, 15001, &old), 3);
    CU_ASSERT_STRING_EQUAL(source.text[1], "herexxxxx");
}

static void a_file_that_was_changed_later_is_not_read(void)
{
    const struct timespec times[2] = { new, new };

    make("one\n");
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
    CU_ASSERT_EQUAL(debug__source_read(&source, path, 1, &old), 0);
    CU_ASSERT_EQUAL(debug__source_read(&source, path, 1, &new), 1);
}

static void what_is_no_regular_file_is_not_read(void)
{
    CU_ASSERT_EQUAL(debug__source_read(&source, folder, 1, &new), 0);
    CU_ASSERT_EQUAL(debug__source_read(&source, "file.c", 1, &new), 0);
    CU_ASSERT_EQUAL(debug__source_read(&source, "", 1, &new), 0);
    CU_ASSERT_EQUAL(debug__source_read(&source, path, 1, &new), 0);
    CU_ASSERT_EQUAL(debug__source_read(&source, "/dev/zero", 1, &new), 0);
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
    CU_ASSERT_EQUAL(debug__source_read(&source, path, 1, &new), 0);
}

static void no_link_leads_to_what_is_open_here(void)
{
    char open_here[32];
    int fd;

    make("one\n");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(open_here, sizeof open_here, "/proc/self/fd/%d", fd);
    CU_ASSERT_EQUAL(debug__source_read(&source, open_here, 1, &new), 0);
    close(fd);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_line_comes_with_its_neighbours),
    TEST(the_first_and_the_last_line_have_one_neighbour),
    TEST(a_line_that_is_not_there_has_no_neighbours),
    TEST(a_long_line_is_cut_between_characters),
    TEST(a_line_far_behind_is_found),
    TEST(a_file_that_was_changed_later_is_not_read),
    TEST(what_is_no_regular_file_is_not_read),
    TEST(no_link_leads_to_what_is_open_here),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "source", .pTests = tests, .pSetUpFunc = begin, .pTearDownFunc = end },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
