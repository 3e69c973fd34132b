/*
 * image_test.c - children are forked and not executed, so changed files on disk have no effect
 */
#include "tests/support/call_helpers.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

static json_t *add_one(json_t *argument)
{
    return json_integer(json_integer_value(argument) + 1);
}

static bool call_works(json_int_t number)
{
    procspawn_handle *handle;
    json_t *argument = json_integer(number), *result = NULL;

    if (procspawn(add_one, argument, &handle) == 0) {
        procspawn_join(handle, &result, NULL);
        procspawn_handle_free(handle);
    }
    bool works = json_integer_value(result) == number + 1;
    json_decref(argument);
    json_decref(result);
    return works;
}

/* Another file lies at the path from now on; the old one lives while it runs. */
static bool replace(const char *path)
{
    if (unlink(path) < 0)
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    bool written = fd >= 0 && write(fd, "no program\n", 11) == 11;
    close(fd);
    return written;
}

/* The copy of this program: nothing is forked ahead, so the second call's process is a new one. */
static int run_and_be_replaced(const char *path)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_spares(config, 0);
    if (procspawn_init_with(config, 0, NULL) < 0)
        return 2;
    procspawn_config_free(config);
    bool works = call_works(1) && replace(path) && call_works(2);
    return procspawn_fini() == 0 && works ? 0 : 1;
}

static void copy_program(const char *path)
{
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

    CU_ASSERT_FATAL(from >= 0 && to >= 0);
    while (sendfile(to, from, NULL, 1 << 20) > 0)
        continue;
    close(from);
    close(to);
}

static void a_program_replaced_on_disk_goes_on_calling_its_functions(void)
{
    char folder[] = "/tmp/forkscope.XXXXXX", path[sizeof folder + 8], text[16] = "";
    int status = -1;

    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/copy", folder);
    copy_program(path);
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, path, "--be-replaced", (char *)NULL);
        _exit(127);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CU_ASSERT(read(fd, text, sizeof text - 1) == 11);
    CU_ASSERT_STRING_EQUAL(text, "no program\n");
    close(fd);
    unlink(path);
    rmdir(folder);
}

static CU_TestInfo tests[] = {
    { "a_program_replaced_on_disk_goes_on_calling_its_functions",
      a_program_replaced_on_disk_goes_on_calling_its_functions },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "image", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--be-replaced") == 0)
        return run_and_be_replaced(argv[0]);
    return procspawn_cunit_run(suites, argc, argv);
}
