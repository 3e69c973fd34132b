/*
 * vet_count_test.c - vet with input that is not a document; its counts and its report
 */
#include "tests/support/subprocess.h"
#include "tests/support/vet_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/cunit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Input */

static void a_fifo_hangs_nobody(void)
{
    char *folder = folder_new();
    char *fifo = folder_write(folder, "fifo.json", "");
    CU_ASSERT(unlink(fifo) == 0 && mkfifo(fifo, 0600) == 0);
    json_t *document = VET_RUN_JSON(1, "--limit", "60", folder, fifo, "/dev/tty");
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "files"), 3);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "unreadable"), 3);
    CU_ASSERT(vet_number(document, "p99_ns") < 30 * SECOND);
    json_decref(document);
    free(fifo);
    folder_remove(folder);
}

static void what_cannot_be_read_is_reported(void)
{
    char *folder = folder_new();
    char *loop;
    CU_ASSERT_FATAL(asprintf(&loop, "%s/loop", folder) > 0);
    CU_ASSERT(symlink("loop", loop) == 0);
    json_t *document = VET_RUN_JSON(1, "/no/such/file", loop, "/proc/self/mem", folder);
    const json_t *missing = vet_entry(document, "/no/such/file");
    CU_ASSERT_STRING_EQUAL(vet_word(missing, "message"), strerror(ENOENT));
    CU_ASSERT_STRING_EQUAL(vet_word(vet_entry(document, loop), "message"), strerror(ELOOP));
    const json_t *memory = vet_entry(document, "/proc/self/mem");
    CU_ASSERT_STRING_EQUAL(vet_word(memory, "outcome"), "unreadable");
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "files"), 3);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "bytes"), 0);
    json_decref(document);
    free(loop);
    folder_remove(folder);
}

static void permissions_are_respected(void)
{
    char *folder = folder_new();
    char *file = folder_write(folder, "secret.json", "{}");
    CU_ASSERT(chmod(file, 0) == 0);
    json_t *document = VET_RUN_JSON(geteuid() == 0 ? 0 : 1, folder);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "unreadable"), geteuid() == 0 ? 0 : 1);
    json_decref(document);
    free(file);
    folder_remove(folder);
}

static void names_may_be_any_bytes(void)
{
    char *folder = folder_new();
    char *file = folder_write(folder, "\xff\n\xc3\xa9.json", "{");
    char *shown;
    CU_ASSERT_FATAL(asprintf(&shown, "%s/\\xff\\x0a\\xc3\\xa9.json", folder) > 0);
    json_t *document = VET_RUN_JSON(1, folder);
    CU_ASSERT_STRING_EQUAL(vet_word(vet_entry(document, shown), "outcome"), "rejected");
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "bytes"), 1);
    json_decref(document);
    free(shown);
    free(file);
    folder_remove(folder);
}

/* Counting */

/* Folders in folders with files that are all rejected, so that all are listed. */
static void grow_tree(const char *folder, int depth)
{
    for (int i = 0; i < 9; i++) {
        char name[32];
        snprintf(name, sizeof name, "file-%d", i);
        free(folder_write(folder, name, "not JSON"));
    }
    for (int i = 0; i < 4 && depth > 0; i++) {
        char *below;
        CU_ASSERT_FATAL(asprintf(&below, "%s/folder-%d", folder, i) > 0);
        PROCSPAWN_CUNIT_EQUAL(mkdir(below, 0700), 0);
        grow_tree(below, depth - 1);
        free(below);
    }
}

static void check_tree(const char *folder, const char *jobs)
{
    json_t *document = VET_RUN_JSON(1, "--jobs", jobs, folder);
    json_t *seen = json_object();
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(document, "files"), index, entry) {
        CU_ASSERT_PTR_NULL(json_object_get(seen, vet_word(entry, "path")));
        CU_ASSERT(access(vet_word(entry, "path"), F_OK) == 0);
        json_object_set_new(seen, vet_word(entry, "path"), json_true());
    }
    PROCSPAWN_CUNIT_EQUAL(json_object_size(seen), folder_count(folder));
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "files"), folder_count(folder));
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "rejected"), folder_count(folder));
    json_decref(seen);
    json_decref(document);
}

static void no_file_is_lost_and_none_counted_twice(void)
{
    char *folder = folder_new();
    grow_tree(folder, 3);
    check_tree(folder, "1");
    check_tree(folder, "7");
    folder_remove(folder);
}

static void lines_and_json_tell_the_same(void)
{
    static const char *const names[] = {
        "files", "bytes", "ok", "rejected", "crashed", "violation", "timed_out", "unreadable",
        "undecided"
    };
    /* Crashes under a sanitizer, on a busy machine, need time too: both runs must see the same. */
    const char *limit = "3";
    char *data = vet_data("/hostile");
    char *out = NULL;
    json_t *document = VET_RUN_JSON(2, "-p", "naive", "-l", limit, data, "/no/such/file");
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(&out, "-p", "naive", "-l", limit, data, "/no/such/file"), 2);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        PROCSPAWN_CUNIT_EQUAL(vet_line_number(out, names[i]), vet_number(document, names[i]));
    size_t lines = 0;
    for (const char *c = out; *c; c++)
        lines += *c == '\n';
    PROCSPAWN_CUNIT_EQUAL(lines, json_array_size(json_object_get(document, "files")) + 13);
    free(out);
    json_decref(document);
    free(data);
}

static void the_exit_status_tells_the_worst(void)
{
    char *good = vet_data("/good");
    char *rejected = vet_data("/hostile/empty.json");
    char *deadly = vet_data("/hostile/nested-arrays-100000.json");
    char *endless = vet_data("/hostile/lone-slash.json");
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, good), 0);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "-p", "naive", good), 0);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, good, rejected), 1);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "/no/such/file", good), 1);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "-p", "naive", rejected, deadly), 2);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "-p", "naive", "-l", "0.2", endless, good), 2);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "--parser", "nobody's", good), 64);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "--jobs", "0", good), 64);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "--limit", "-1", good), 64);
    PROCSPAWN_CUNIT_EQUAL(VET_RUN(NULL, "--quiet"), 64);
    free(endless);
    free(deadly);
    free(rejected);
    free(good);
}

/* The terminal */

static void progress_goes_to_terminals_only(void)
{
    char *endless = vet_data("/hostile/lone-slash.json");
    char *argv[] = { (char *)VET, (char *)"-p", (char *)"naive", (char *)"-l", (char *)"0.5",
                     endless, NULL };
    struct program program;
    char seen[4096] = "";
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CU_ASSERT_FATAL(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (program_start(&program, argv, terminal)) {
        CU_ASSERT(read(master, seen, sizeof seen - 1) > 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(seen, " files, "));
        PROCSPAWN_CUNIT_EQUAL(program_end(&program), 2);
        free(program.out);
    }
    close(terminal);
    close(master);

    if (program_start(&program, argv, -1)) {
        CU_ASSERT(program_read_until(&program, "processes left"));
        PROCSPAWN_CUNIT_EQUAL(program_error_length(&program), 0);
        PROCSPAWN_CUNIT_EQUAL(program_end(&program), 2);
        free(program.out);
    }
    free(endless);
}

static CU_TestInfo input[] = {
    { "a_fifo_hangs_nobody", a_fifo_hangs_nobody },
    { "what_cannot_be_read_is_reported", what_cannot_be_read_is_reported },
    { "permissions_are_respected", permissions_are_respected },
    { "names_may_be_any_bytes", names_may_be_any_bytes },
    CU_TEST_INFO_NULL
};

static CU_TestInfo output[] = {
    { "no_file_is_lost_and_none_counted_twice", no_file_is_lost_and_none_counted_twice },
    { "lines_and_json_tell_the_same", lines_and_json_tell_the_same },
    { "the_exit_status_tells_the_worst", the_exit_status_tells_the_worst },
    { "progress_goes_to_terminals_only", progress_goes_to_terminals_only },
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "input", .pTests = input },
    { .pName = "output", .pTests = output },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
