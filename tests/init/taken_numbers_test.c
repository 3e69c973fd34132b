/*
 * taken_numbers_test.c - programs that close descriptors of the library and reuse their numbers
 *
 * Each trial is a process of its own. It creates one object of each kind that has a descriptor,
 * finds these in /proc, closes one of them or all, and opens files of its own under the numbers.
 * Then everything is used and freed: the new files are not touched, each call ends in time with a
 * documented code, and the process ends and leaves nothing.
 */
#include "tests/support/call_helpers.h"
#include "tests/support/traps.h"
#include "tests/support/trial_report.h"
#include "tests/support/world.h"

#include <dirent.h>
#include <fcntl.h>
#include <forkscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBERS = 256, ALL = -1, AT_ONCE = 8 };

/* ---- what takes the place ---- */

/* ---- which ones these are ---- */

struct numbers {
    bool open[NUMBERS];
};

static void look(struct numbers *ret_numbers)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    memset(ret_numbers, 0, sizeof *ret_numbers);
    while (directory && (entry = readdir(directory)) != NULL) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd != dirfd(directory) && fd < NUMBERS)
            ret_numbers->open[fd] = true;
    }
    closedir(directory);
}

static char path_of[NUMBERS][64];

static void note_path(int fd)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, path_of[fd], sizeof path_of[fd] - 1);
    path_of[fd][length > 0 ? length : 0] = '\0';
}

/* The one that is the which-th, or ALL. Leaves those that were taken. */
static void take_numbers(struct numbers *numbers, const struct numbers *before, int which,
                         enum kind kind)
{
    unsigned count = 0;

    look(numbers);
    for (int fd = 0; fd < NUMBERS; fd++) {
        bool ours = numbers->open[fd] && !before->open[fd];
        bool taken = ours && (which == ALL || (int)count == which);
        count += ours;
        numbers->open[fd] = taken;
        if (taken)
            note_path(fd);
    }
    for (int fd = 0; fd < NUMBERS; fd++) {
        if (numbers->open[fd])
            trap_take_number(fd, kind);
    }
    report->count = count;
}

static void check_numbers(const struct numbers *taken)
{
    for (int fd = 0; fd < NUMBERS; fd++) {
        if (taken->open[fd] && fcntl(fd, F_GETFD) < 0)
            blame("%d (%s) was closed", fd, path_of[fd]);
    }
}

/* ---- one of everything ---- */

/* ---- used and freed ---- */

/* What comes after is as ever. */
static void begin_again(void)
{
    procspawn_handle *handle = NULL;

    if (expect("init again", procspawn_init(0, NULL), 0, 1) < 0)
        return;
    expect("a call again", procspawn(calls_echo, NULL, &handle), 0, 1);
    expect("its answer", procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL), 0, 1);
    procspawn_handle_free(handle);
    expect("fini again", procspawn_fini(), 0, 1);
}

/* ---- trials ---- */

static void run(int which, enum kind kind)
{
    struct numbers before, taken;

    if (!world_prepare())
        blame("no pipe");
    trap_set(kind);
    look(&before);
    world_make();
    world_stop_below();
    take_numbers(&taken, &before, which, kind);
    world_continue_below();
    world_end();
    begin_again();
    if (kind != NOTHING)
        check_numbers(&taken);
    trap_check(kind);
    for (int fd = 0; fd < NUMBERS; fd++) {
        if (report->wrong[0] != '\0' && taken.open[fd]) {
            fprintf(stderr, "%s instead of %s\n", report->wrong, path_of[fd]);
            break;
        }
    }
}

struct trial {
    int which;
    enum kind kind;
    struct report *report;
    pid_t pid;
};

static void start(struct trial *trial)
{
    trial->pid = fork();
    if (trial->pid != 0)
        return;
    report = trial->report;
    alarm(90);
    run(trial->which, trial->kind);
    exit(0);
}

static void finish(const struct trial *trial)
{
    int status = -1;

    waitpid(trial->pid, &status, 0);
    if (trial->report->wrong[0] != '\0' || status != 0)
        fprintf(stderr, "descriptor %d, kind %d: status %x, %s\n", trial->which, trial->kind,
                (unsigned)status, trial->report->wrong);
    CU_ASSERT(status == 0);
    CU_ASSERT_STRING_EQUAL(trial->report->wrong, "");
}

static void check_trials(struct trial *trials, unsigned count)
{
    struct report *reports = mmap(NULL, count * sizeof *reports, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_FATAL(reports != MAP_FAILED);
    for (unsigned i = 0; i < count; i++) {
        trials[i].report = &reports[i];
        start(&trials[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        finish(&trials[i]);
        trials[i].which = (int)reports[i].count;
    }
    munmap(reports, count * sizeof *reports);
}

/* With all descriptors alone, until there are no more. */
static void check_each(enum kind kind)
{
    struct trial trials[AT_ONCE];
    bool more = true;

    procspawn_cunit_time_limit(600 * CALLS_SECOND);
    for (int first = 0; more; first += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++)
            trials[i] = (struct trial){ .which = first + i, .kind = kind };
        check_trials(trials, AT_ONCE);
        more = trials[0].which > first + AT_ONCE;
    }
}

static void a_pipe_in_the_place_of_any_descriptor_is_left_alone(void)
{
    check_each(PIPE);
}

static void a_socket_in_the_place_of_any_descriptor_is_left_alone(void)
{
    check_each(SOCKET);
}

static void an_event_in_the_place_of_any_descriptor_is_left_alone(void)
{
    check_each(EVENT);
}

static void any_descriptor_may_be_closed(void)
{
    check_each(NOTHING);
}

static void what_takes_the_place_of_all_descriptors_is_left_alone(void)
{
    struct trial trials[] = {
        { .which = ALL, .kind = NOTHING }, { .which = ALL, .kind = PIPE },
        { .which = ALL, .kind = FILE_THERE }, { .which = ALL, .kind = SOCKET },
        { .which = ALL, .kind = EVENT },
    };

    procspawn_cunit_time_limit(100 * CALLS_SECOND);
    check_trials(trials, sizeof trials / sizeof *trials);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(what_takes_the_place_of_all_descriptors_is_left_alone),
    TEST(a_pipe_in_the_place_of_any_descriptor_is_left_alone),
    TEST(a_socket_in_the_place_of_any_descriptor_is_left_alone),
    TEST(an_event_in_the_place_of_any_descriptor_is_left_alone),
    TEST(any_descriptor_may_be_closed),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "taken numbers", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
