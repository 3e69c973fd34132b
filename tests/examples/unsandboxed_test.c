/*
 * unsandboxed_test.c - vet and httpd with a library that was built without libseccomp: they say
 * what is missing, and run without a sandbox only when they are told to
 */
#include "tests/support/subprocess.h"
#include "tests/support/vet_helpers.h"

#include <forkscope/cunit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Runs a program, expects its exit status, and that it complains of this. */
static void check_complaint(char *const *argv, int expected, const char *part)
{
    char text[4096] = "";
    struct program program;
    int err = memfd_create("stderr", MFD_CLOEXEC);

    CU_ASSERT_FATAL(err >= 0 && program_start(&program, argv, err));
    PROCSPAWN_CUNIT_EQUAL(program_end(&program), expected);
    CU_ASSERT(pread(err, text, sizeof text - 1, 0) >= 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, part));
    free(program.out);
    close(err);
}

static void vet_runs_only_when_asked_to(void)
{
    char *good = vet_data("/good/numbers.json");
    char *const argv[] = { (char *)VET, good, NULL };

    check_complaint(argv, 3, "without libseccomp");
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "--sandbox=none", good), 0);
    free(good);
}

static void httpd_serves_only_when_asked_to(void)
{
    char *const argv[] = { (char *)"examples/httpd/httpd", (char *)"-p", (char *)"0", NULL };

    check_complaint(argv, 1, "without libseccomp");
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(vet_runs_only_when_asked_to),
    TEST(httpd_serves_only_when_asked_to),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "unsandboxed", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
