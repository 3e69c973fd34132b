/*
 * subprocess.c - starts a program and reads its output
 */
#include "tests/support/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/cunit.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int spawn(pid_t *pid, char *const *argv, int out, int err)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    int code = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

static void release(struct program *program)
{
    close(program->out_fd);
    if (program->err_fd >= 0)
        close(program->err_fd);
}

bool program_start(struct program *program, char *const *argv, int err_fd)
{
    int ends[2];
    *program = (struct program) { .err_fd = -1, .out = calloc(1, 1) };
    CU_ASSERT_FATAL(program->out != NULL && pipe2(ends, O_CLOEXEC) == 0);
    if (err_fd < 0)
        err_fd = program->err_fd = memfd_create("stderr", MFD_CLOEXEC);
    int code = spawn(&program->pid, argv, ends[1], err_fd);
    close(ends[1]);
    program->out_fd = ends[0];
    PROCSPAWN_CUNIT_EQUAL(code, 0);
    if (code != 0) {
        release(program);
        free(program->out);
    }
    return code == 0;
}

static bool read_more(struct program *program)
{
    char chunk[65536];
    ssize_t got;
    do
        got = read(program->out_fd, chunk, sizeof chunk);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    char *out = realloc(program->out, program->length + (size_t)got + 1);
    CU_ASSERT_FATAL(out != NULL);
    memcpy(out + program->length, chunk, (size_t)got);
    program->out = out;
    program->length += (size_t)got;
    out[program->length] = '\0';
    return true;
}

bool program_read_until(struct program *program, const char *text)
{
    while (!strstr(program->out, text))
        if (!read_more(program))
            return false;
    return true;
}

int program_end(struct program *program)
{
    int status = 0;
    while (read_more(program))
        ;
    waitpid(program->pid, &status, 0);
    release(program);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

int64_t program_error_length(const struct program *program)
{
    struct stat status;
    return fstat(program->err_fd, &status) < 0 ? -errno : status.st_size;
}

void program_copy(const char *path, mode_t mode)
{
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    CU_ASSERT_FATAL(from >= 0 && to >= 0);
    while (sendfile(to, from, NULL, 1 << 20) > 0)
        continue;
    close(from);
    close(to);
}
