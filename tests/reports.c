/*
 * reports.c - a program for tests/reports_test.sh
 *
 *     reports deaths        the deaths below: the cause, and whether the frames lead to here
 *     reports core          one that leaves a core file in the working directory
 *     reports wait          prints the process id of a call, and ends when standard input does
 *     reports look FILE     what a core file says: name, signal, threads, whether it is whole
 */
#include <assert.h>
#include <elf.h>
#include <fcntl.h>
#include <forkscope.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAME __attribute__((noinline, noclone))

static volatile int *volatile nowhere;
static pthread_barrier_t together;

FRAME void crash_here(void);
FRAME void assert_here(void);
FRAME void abort_here(void);
FRAME void wait_here(void);

void crash_here(void)
{
    *nowhere = 1;
}

void assert_here(void)
{
    assert(nowhere != NULL);
    __asm__ volatile("");
}

void abort_here(void)
{
    abort();
}

void wait_here(void)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
}

static json_t *writes_to_null(json_t *argument)
{
    crash_here();
    return argument;
}

static json_t *fails_an_assertion(json_t *argument)
{
    assert_here();
    return argument;
}

static json_t *aborts(json_t *argument)
{
    abort_here();
    return argument;
}

static json_t *waits(json_t *argument)
{
    wait_here();
    return json_incref(argument);
}

static void *another_thread(void *nothing)
{
    pthread_barrier_wait(&together);
    for (;;)
        pause();
    return nothing;
}

static json_t *crashes_beside_two(json_t *argument)
{
    pthread_t thread;

    pthread_barrier_init(&together, NULL, 3);
    for (int i = 0; i < 2; i++)
        pthread_create(&thread, NULL, another_thread, NULL);
    pthread_barrier_wait(&together);
    crash_here();
    return argument;
}

static int has_frame(const procspawn_error *error, const char *symbol)
{
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++)
        if (frame.symbol && frame.thread == 0 && strcmp(frame.symbol, symbol) == 0)
            return 1;
    return 0;
}

static int die(const char *name, procspawn_function *function, const char *frame)
{
    procspawn_error *error = NULL;
    const char *text;

    procspawn_call(function, NULL, NULL, &error);
    if (!error)
        return printf("%s: no error\n", name), 1;
    text = strrchr(procspawn_error_message(error), '/');
    printf("%s: %s: %s: %s\n", name, procspawn_error_cause_name(procspawn_error_cause(error)),
           text ? text + 1 : procspawn_error_message(error),
           has_frame(error, frame) ? frame : "no frame");
    fflush(stdout);
    procspawn_error_free(error);
    return 0;
}

static int die_in_each_way(void)
{
    return die("null", writes_to_null, "crash_here") +
           die("assert", fails_an_assertion, "assert_here") + die("abort", aborts, "abort_here");
}

static int leave_core(void)
{
    const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

    setrlimit(RLIMIT_CORE, &all);
    return die("core", crashes_beside_two, "crash_here");
}

static int wait_to_be_looked_at(void)
{
    procspawn_handle *handle;

    if (procspawn(waits, NULL, &handle) < 0)
        return 1;
    printf("%d\n", (int)procspawn_pid(handle));
    fflush(stdout);
    procspawn_join(handle, NULL, NULL);
    procspawn_handle_free(handle);
    return 0;
}

/* ---- a core file ---- */

struct core {
    const unsigned char *bytes;
    size_t size;
    unsigned threads;
    int signal;
    char name[17];
};

static void read_note(struct core *core, const Elf64_Nhdr *note, const unsigned char *data)
{
    if (note->n_type == NT_PRSTATUS) {
        core->threads++;
        if (core->threads == 1)
            core->signal = ((const struct elf_prstatus *)(const void *)data)->pr_cursig;
    } else if (note->n_type == NT_PRPSINFO) {
        memcpy(core->name, ((const struct elf_prpsinfo *)(const void *)data)->pr_fname, 16);
    }
}

static void read_notes(struct core *core, const Elf64_Phdr *segment)
{
    size_t at = segment->p_offset, end = at + segment->p_filesz;

    while (at + sizeof(Elf64_Nhdr) <= end) {
        const Elf64_Nhdr *note = (const void *)(core->bytes + at);
        size_t name = (note->n_namesz + 3u) / 4 * 4, data = (note->n_descsz + 3u) / 4 * 4;

        read_note(core, note, core->bytes + at + sizeof *note + name);
        at += sizeof *note + name + data;
    }
}

static int look(const char *path)
{
    struct core core = { NULL, 0, 0, 0, "" };
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC), whole = 1;
    unsigned char *bytes;

    if (fd < 0 || fstat(fd, &status) != 0 || !(bytes = malloc((size_t)status.st_size)) ||
        read(fd, bytes, (size_t)status.st_size) != status.st_size)
        return 1;
    core.bytes = bytes;
    core.size = (size_t)status.st_size;
    const Elf64_Ehdr *head = (const void *)bytes;
    const Elf64_Phdr *segment = (const void *)(bytes + head->e_phoff);
    for (unsigned i = 0; i < head->e_phnum; i++) {
        whole &= segment[i].p_offset + segment[i].p_filesz <= core.size;
        if (segment[i].p_type == PT_NOTE && whole)
            read_notes(&core, &segment[i]);
    }
    printf("core: %s, signal %d, %u threads, %s\n", core.name, core.signal, core.threads,
           whole ? "whole" : "cut");
    free(bytes);
    close(fd);
    return 0;
}

/* Under valgrind the start takes its time. */
static int init(int argc, char **argv)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_start_timeout(config, -1);
    int rc = procspawn_init_with(config, argc, argv);
    procspawn_config_free(config);
    return rc == 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "look") == 0 && argc > 2)
        return look(argv[2]);
    if (!init(argc, argv))
        return 1;
    int bad = strcmp(what, "deaths") == 0 ? die_in_each_way()
              : strcmp(what, "core") == 0 ? leave_core()
              : strcmp(what, "wait") == 0 ? wait_to_be_looked_at()
                                          : 1;
    return procspawn_fini() == 0 && bad == 0 ? 0 : 1;
}
