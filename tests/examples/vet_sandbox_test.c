/*
 * vet_sandbox_test.c - what vet's parsers may not do, and vet where there are no sandboxes
 */
#include "tests/support/jail.h"
#include "tests/support/subprocess.h"
#include "tests/support/vet_helpers.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Returns what vet says on standard error, which the caller frees. */
static char *complaint_of(int expected, const char *const *arguments)
{
    char *argv[16] = { (char *)VET };
    char *text = calloc(1, 4096);
    struct program program;
    int err = memfd_create("stderr", MFD_CLOEXEC);
    CU_ASSERT_FATAL(text != NULL && err >= 0);
    for (size_t i = 0; arguments[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    CU_ASSERT_FATAL(program_start(&program, argv, err));
    PROCSPAWN_CUNIT_EQUAL(program_end(&program), expected);
    CU_ASSERT(pread(err, text, 4095, 0) >= 0);
    free(program.out);
    close(err);
    return text;
}

static void check_complaint(int expected, const char *part, const char *const *arguments)
{
    char *text = complaint_of(expected, arguments);
    if (!strstr(text, part))
        printf("%s\n", text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, part));
    free(text);
}
#define CHECK_COMPLAINT(expected, part, ...) \
    check_complaint((expected), (part), (const char *const[]) { __VA_ARGS__, NULL })

static void without_filters_vet_runs_only_when_asked_to(void)
{
    char *good = vet_data("/good/numbers.json");
    jail_enter(&(struct jail_rule){ .number = SYS_seccomp }, ENOSYS);
    CHECK_COMPLAINT(3, "no seccomp filters", good);
    CHECK_COMPLAINT(3, "no seccomp filters", "--sandbox=files", good);
    CHECK_COMPLAINT(3, "--sandbox=none", good);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "--sandbox=none", good), 0);
    free(good);
}

static void without_landlock_only_files_is_missing(void)
{
    char *good = vet_data("/good/numbers.json");
    jail_enter(&(struct jail_rule){ .number = SYS_landlock_create_ruleset }, ENOSYS);
    CHECK_COMPLAINT(3, "Landlock", "--sandbox=files", good);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, good), 0);
    free(good);
}

static void faults_of_the_command_line_are_told(void)
{
    CHECK_COMPLAINT(3, "/no/such/path", "-s", "files", "-r", "/no/such/path", "x");
    CHECK_COMPLAINT(3, "/proc", "-s", "files", "-r", "/proc", "x");
    CHECK_COMPLAINT(64, "--read needs --sandbox=files", "-r", "/usr", "x");
    CHECK_COMPLAINT(64, "--sandbox takes compute, files or none", "-s", "some", "x");
    CHECK_COMPLAINT(64, "--memory takes megabytes", "-m", "0", "x");
}

static void a_large_file_needs_its_memory(void)
{
    if (!vet_limits_memory())
        return;
    char *folder = folder_new();
    char *large = folder_write(folder, "large.json", "");
    CU_ASSERT(truncate(large, 200 << 20) == 0);
    json_t *document = VET_RUN_JSON(1, "-m", "64", "-l", "60", large);
    CU_ASSERT_STRING_EQUAL(vet_word(vet_entry(document, large), "message"), strerror(ENOMEM));
    json_decref(document);
    document = VET_RUN_JSON(1, "-m", "512", "-l", "60", large);
    CU_ASSERT_STRING_EQUAL(vet_word(vet_entry(document, large), "outcome"), "rejected");
    json_decref(document);
    free(large);
    folder_remove(folder);
}

/* Returns the path of a document that wants another file read into it; the caller frees both. */
static char *write_curious(const char *folder, char **ret_other)
{
    char text[4096];
    *ret_other = folder_write(folder, "other.txt", "read\n");
    snprintf(text, sizeof text, "<!DOCTYPE a [<!ENTITY b SYSTEM '%s'>]><a>&b;</a>", *ret_other);
    return folder_write(folder, "curious.xml", text);
}

static void a_document_that_reads_a_file_is_a_violation(void)
{
    if (!vet_has("xml"))
        return;
    char *folder = folder_new();
    char *other, *curious = write_curious(folder, &other);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "-p", "xml", "-s", "none", curious), 0);

    json_t *document = VET_RUN_JSON(2, "-p", "xml", curious);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "violation"), 1);
    const json_t *entry = vet_entry(document, curious);
    const json_t *error = json_object_get(entry, "error");
    CU_ASSERT_STRING_EQUAL(vet_word(entry, "outcome"), "violation");
    CU_ASSERT_PTR_NOT_NULL(strstr(vet_word(entry, "message"), other));
    CU_ASSERT_STRING_EQUAL(vet_word(error, "path"), other);
    CU_ASSERT(vet_word(error, "syscall")[0] != '\0');
    json_decref(document);
    free(other);
    free(curious);
    folder_remove(folder);
}

static void a_path_can_be_let_in(void)
{
    if (!vet_has("xml"))
        return;
    char *folder = folder_new();
    char *other, *curious = write_curious(folder, &other);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "-p", "xml", "-s", "files", "-r", folder, curious), 0);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "-p", "xml", "-s", "files", curious), 1);
    free(other);
    free(curious);
    folder_remove(folder);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(without_filters_vet_runs_only_when_asked_to),
    TEST(without_landlock_only_files_is_missing),
    TEST(faults_of_the_command_line_are_told),
    TEST(a_large_file_needs_its_memory),
    TEST(a_document_that_reads_a_file_is_a_violation),
    TEST(a_path_can_be_let_in),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "sandbox", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
