/*
 * function_test.c - a function is sent as a module and an offset in it
 */
#include "tests/support/call_helpers.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void *load_file(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!library)
        CU_FAIL_FATAL("the library cannot be loaded");
    return library;
}

/* The library beside this program, as libtool leaves it. */
static void find(const char *name, char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 64);

    CU_ASSERT_FATAL(length > 0);
    path[length] = '\0';
    snprintf(strrchr(path, '/'), 64, "/.libs/%s.so", name);
}

static void *load(const char *name)
{
    char path[PATH_MAX];

    find(name, path);
    return load_file(path);
}

static procspawn_function *late_function(void *library)
{
    return (procspawn_function *)(uintptr_t)dlsym(library, "late_add_one");
}

static void a_function_of_a_library_loaded_before_init_can_be_called(void)
{
    void *library = load("module_late");

    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(late_function(library), json_integer(1))), 2);
    calls_end();
    dlclose(library);
}

static void a_function_of_a_library_loaded_after_init_can_be_called(void)
{
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
    void *library = load("module_late");
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(late_function(library), json_integer(1))), 2);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(late_function(library), json_integer(2))), 3);
    dlclose(library);
    calls_end();
}

/* ---- by a name that is relative to a directory ---- */

/* Moves the library into a new directory, which becomes the working directory. */
static void move_to_new_directory(const char *from, char directory[64])
{
    strcpy(directory, "/tmp/forkscope.XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(directory) != NULL && chdir(directory) == 0);
    CU_ASSERT_FATAL(rename(from, "late.so") == 0);
}

static void copy_to_new_directory(const char *from, char directory[64])
{
    int status = -1;

    strcpy(directory, "/tmp/forkscope.XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(directory) != NULL && chdir(directory) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("cp", "cp", from, "late.so", (char *)NULL);
        _exit(1);
    }
    CU_ASSERT_FATAL(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Calls its function from elsewhere. */
static void call_relative(void)
{
    void *library = load_file("./late.so");

    for (int i = 0; i < 2; i++) {
        CU_ASSERT(chdir("/") == 0);
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(late_function(library), json_integer(i))),
                              i + 1);
    }
    dlclose(library);
}

static void a_library_loaded_by_a_relative_name_is_found_wherever_the_program_goes(void)
{
    char path[PATH_MAX], first[64], second[64], moved[PATH_MAX];

    find("module_late", path);
    calls_begin();
    copy_to_new_directory(path, first);
    call_relative();
    snprintf(moved, sizeof moved, "%s/late.so", first);
    move_to_new_directory(moved, second);
    call_relative();
    calls_end();
    snprintf(moved, sizeof moved, "%s/late.so", second);
    CU_ASSERT(unlink(moved) == 0 && rmdir(first) == 0 && rmdir(second) == 0);
}

static void a_library_that_was_replaced_on_disk_is_told_as_that(void)
{
    char path[PATH_MAX], directory[64], copy[PATH_MAX], other[64], text[2 * PATH_MAX];

    find("module_late", path);
    calls_begin();
    copy_to_new_directory(path, directory);
    snprintf(copy, sizeof copy, "%s/late.so", directory);
    void *library = load_file(copy);
    find("module_stranger", path);
    copy_to_new_directory(path, other);
    CU_ASSERT(rename("late.so", copy) == 0 && rmdir(other) == 0);

    procspawn_error *error = calls_error(calls_start(late_function(library), NULL));
    snprintf(text, sizeof text, "%s is not the library that the caller has loaded", copy);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), text);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
    dlclose(library);
    calls_end();
    CU_ASSERT(unlink(copy) == 0 && rmdir(directory) == 0);
}

static void without_a_build_id_a_library_loaded_before_init_is_known(void)
{
    void *library = load("module_nameless");

    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(late_function(library), json_integer(1))), 2);
    calls_end();
    dlclose(library);
}

static void check_refused(procspawn_function *function)
{
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn(function, NULL, &handle), PROCSPAWN_EFUNCTION);
    CU_ASSERT(!handle);
}

static void without_a_build_id_a_library_loaded_after_init_is_refused(void)
{
    calls_begin();
    void *library = load("module_nameless");
    check_refused(late_function(library));
    dlclose(library);
    calls_end();
}

static uint64_t base_of(void *library)
{
    struct link_map *map = NULL;

    CU_ASSERT_FATAL(dlinfo(library, RTLD_DI_LINKMAP, &map) == 0);
    return map->l_addr;
}

/* Wherever else the loader puts the library is made unusable until it chooses the base. */
static void *load_at(const char *name, uint64_t base)
{
    enum { TRIES = 100, PAGE = 4096 };
    void *taken[TRIES];
    int count = 0;
    void *library = load(name);

    for (; base_of(library) != base && count < TRIES; count++) {
        uint64_t elsewhere = base_of(library);
        dlclose(library);
        taken[count] = mmap((void *)(uintptr_t)elsewhere, PAGE, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        library = load(name);
    }
    PROCSPAWN_CUNIT_EQUAL(base_of(library), base);
    while (count > 0)
        munmap(taken[--count], PAGE);
    return library;
}

static void without_a_build_id_a_library_where_another_was_closed_is_refused(void)
{
    void *library = load("module_nameless");
    uint64_t base = base_of(library);

    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(late_function(library), json_integer(1))), 2);
    dlclose(library);
    library = load_at("module_stranger", base);
    check_refused(late_function(library));
    dlclose(library);
    calls_end();
}

static void without_a_build_id_a_library_is_known_whatever_else_is_closed(void)
{
    void *library = load("module_nameless"), *other = load("module_late");
    uint64_t base = base_of(library);

    calls_begin();
    dlclose(other);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(late_function(library), json_integer(1))), 2);
    dlclose(library);
    library = load_at("module_nameless", base);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(late_function(library), json_integer(2))), 3);
    dlclose(library);
    calls_end();
}

static void a_pointer_in_no_module_is_refused(void)
{
    static char data[16];
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);

    calls_begin();
    check_refused((procspawn_function *)(uintptr_t)page);
    check_refused((procspawn_function *)(uintptr_t)data);
    check_refused((procspawn_function *)(uintptr_t)16);
    check_refused(NULL);
    calls_end();
    munmap(page, 4096);
}

static void a_function_of_the_c_library_is_found_like_any_other(void)
{
    calls_begin();
    procspawn_function *function = (procspawn_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "abort");
    calls_check_error(calls_error(calls_start(function, NULL)), PROCSPAWN_ERROR_REMOTE_CLOSE,
                      PROCSPAWN_CAUSE_SIGNAL);
    calls_end();
}

static json_t *call_late_below(json_t *argument)
{
    void *library = load("module_late");
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn(late_function(library), argument, &handle) == 0)
        procspawn_join(handle, &result, NULL);
    return result;
}

static void a_child_can_call_functions_of_libraries_it_loaded(void)
{
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(call_late_below, json_integer(4))), 5);
    calls_end();
}

static void the_check_can_be_waived(void)
{
    void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    calls_begin();
    procspawn_assert_spawn_is_safe();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
    procspawn_handle *handle = calls_start((procspawn_function *)(uintptr_t)nowhere, NULL);
    procspawn_error *error = calls_error(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGSEGV);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    calls_end();
    munmap(nowhere, 4096);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_function_of_a_library_loaded_before_init_can_be_called),
    TEST(a_function_of_a_library_loaded_after_init_can_be_called),
    TEST(a_library_loaded_by_a_relative_name_is_found_wherever_the_program_goes),
    TEST(a_library_that_was_replaced_on_disk_is_told_as_that),
    TEST(without_a_build_id_a_library_loaded_before_init_is_known),
    TEST(without_a_build_id_a_library_loaded_after_init_is_refused),
    TEST(without_a_build_id_a_library_where_another_was_closed_is_refused),
    TEST(without_a_build_id_a_library_is_known_whatever_else_is_closed),
    TEST(a_pointer_in_no_module_is_refused),
    TEST(the_check_can_be_waived),
    TEST(a_function_of_the_c_library_is_found_like_any_other),
    TEST(a_child_can_call_functions_of_libraries_it_loaded),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "module", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
