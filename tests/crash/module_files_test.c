/*
 * module_files_test.c - which files of modules are opened for a backtrace, and which are not
 */
#include "src/crash/module_files.h"
#include "src/crash/modules.h"

#include <fcntl.h>
#include <forkscope/cunit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/forkscope.XXXXXX";
static const struct modules none;
static struct module_files files;

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *to = path[next++ % 4];

    snprintf(to, sizeof path[0], "%s/%s", folder, name);
    return to;
}

static void make_file(const char *name)
{
    int fd = open(in_folder(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
}

static void begin(void)
{
    strcpy(strrchr(folder, '.'), ".XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    CU_ASSERT_FATAL(mkdir(in_folder("real"), 0700) == 0);
    make_file("real/file");
    crash__module_files_open(&files, &none, true);
}

static void end(void)
{
    static const char *const names[] = { "real/file", "real/link", "link", "pipe" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]));
    rmdir(in_folder("real"));
    CU_ASSERT(rmdir(folder) == 0);
}

/* As for a module that a child has mapped from there. */
static bool is_opened(const char *path)
{
    const struct module module = { .path = path };
    int file, debug;

    crash__module_files_get(&files, &module, &file, &debug);
    CU_ASSERT_EQUAL(debug, -1);
    if (file >= 0)
        close(file);
    return file >= 0;
}

static void a_regular_file_is_opened(void)
{
    CU_ASSERT(is_opened(in_folder("real/file")));
    CU_ASSERT(!is_opened(in_folder("real/other")));
}

/* The kernel names mapped files by their real paths. */
static void no_link_is_followed(void)
{
    CU_ASSERT_FATAL(symlink(in_folder("real/file"), in_folder("real/link")) == 0);
    CU_ASSERT_FATAL(symlink(in_folder("real"), in_folder("link")) == 0);
    CU_ASSERT(!is_opened(in_folder("real/link")));
    CU_ASSERT(!is_opened(in_folder("link/file")));
}

static void what_is_no_regular_file_is_not_opened(void)
{
    CU_ASSERT_FATAL(mkfifo(in_folder("pipe"), 0600) == 0);
    CU_ASSERT(!is_opened(in_folder("pipe")));
    CU_ASSERT(!is_opened(in_folder("real")));
    CU_ASSERT(!is_opened("/dev/null"));
    CU_ASSERT(!is_opened("/proc/self/exe"));
}

/* Not even a look at it is noticed: a device or a pipe may act on being opened. */
static void what_is_not_wanted_is_not_even_touched(void)
{
    char events[4096];
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    CU_ASSERT_FATAL(mkfifo(in_folder("pipe"), 0600) == 0);
    CU_ASSERT_FATAL(inotify_add_watch(watch, in_folder("pipe"), IN_OPEN) >= 0);
    CU_ASSERT_FATAL(inotify_add_watch(watch, in_folder("real/file"), IN_OPEN) >= 0);
    CU_ASSERT_FATAL(symlink(in_folder("real/file"), in_folder("link")) == 0);
    CU_ASSERT(!is_opened(in_folder("pipe")));
    CU_ASSERT(!is_opened(in_folder("link")));
    CU_ASSERT(read(watch, events, sizeof events) < 0);
    CU_ASSERT(is_opened(in_folder("real/file")));
    CU_ASSERT(read(watch, events, sizeof events) > 0);
    close(watch);
}

static void a_name_that_is_no_path_is_not_opened(void)
{
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    CU_ASSERT_FATAL(chdir(folder) == 0);
    CU_ASSERT(!is_opened("real/file"));
    CU_ASSERT(!is_opened(""));
    CU_ASSERT(!is_opened("[heap]"));
    CU_ASSERT_FATAL(fchdir(here) == 0);
    close(here);
}

/* The holder of a lease on a file can make others wait for as long as the system allows. */
static void a_leased_file_does_not_hold_anybody_up(void)
{
    int fd = open(in_folder("real/file"), O_WRONLY | O_CLOEXEC);

    CU_ASSERT_FATAL(fd >= 0 && fcntl(fd, F_SETSIG, SIGURG) == 0 &&
                    fcntl(fd, F_SETLEASE, F_WRLCK) == 0);
    CU_ASSERT(!is_opened(in_folder("real/file")));
    close(fd);
}

static void close_own(const struct modules *own)
{
    for (size_t i = 0; i < own->count; i++) {
        if (files.file[i] >= 0)
            close(files.file[i]);
        if (files.debug[i] >= 0)
            close(files.debug[i]);
    }
}

static void check_inode(const struct module *module)
{
    struct stat status;
    int file, debug;

    crash__module_files_get(&files, module, &file, &debug);
    CU_ASSERT(file >= 0 && fstat(file, &status) == 0 && status.st_ino == module->inode);
    close(file);
    if (debug >= 0)
        close(debug);
}

/* They are handed out at each request. */
static void the_files_of_modules_at_init_are_open(void)
{
    struct modules own;

    CU_ASSERT_EQUAL_FATAL(crash__modules_own(&own), 0);
    crash__module_files_open(&files, &own, true);
    check_inode(&own.module[0]);
    check_inode(&own.module[0]);
    close_own(&own);
    crash__modules_free(&own);
}

static void where_no_names_are_wanted_no_file_is_open(void)
{
    struct modules own;
    int file, debug;

    CU_ASSERT_EQUAL_FATAL(crash__modules_own(&own), 0);
    crash__module_files_open(&files, &own, false);
    crash__module_files_get(&files, &own.module[0], &file, &debug);
    CU_ASSERT(file == -1 && debug == -1);
    crash__modules_free(&own);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_regular_file_is_opened),
    TEST(no_link_is_followed),
    TEST(what_is_no_regular_file_is_not_opened),
    TEST(what_is_not_wanted_is_not_even_touched),
    TEST(a_name_that_is_no_path_is_not_opened),
    TEST(a_leased_file_does_not_hold_anybody_up),
    TEST(the_files_of_modules_at_init_are_open),
    TEST(where_no_names_are_wanted_no_file_is_open),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "module_files", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
