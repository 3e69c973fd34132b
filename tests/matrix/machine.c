/*
 * machine.c - the first process of an emulated machine: runs each line of /list as a command, prints
 * what it printed and `exit STATUS SECONDS COMMAND`, and turns the machine off
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT "/tmp/output"

enum { MAX_ARGUMENTS = 16 };

static void show_output(void)
{
    char text[4096];
    FILE *output = fopen(OUTPUT, "r");

    while (output && fgets(text, sizeof text, output))
        fputs(text, stdout);
    if (output)
        fclose(output);
}

static int run(char *command)
{
    char *arguments[MAX_ARGUMENTS + 1] = { NULL };
    int count = 0, status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        setsid();
        dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
        dup2(open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
        dup2(STDOUT_FILENO, STDERR_FILENO);
        close_range(STDERR_FILENO + 1, ~0u, 0);
        for (char *word = strtok(command, " "); word && count < MAX_ARGUMENTS; word = strtok(NULL, " "))
            arguments[count++] = word;
        execv(arguments[0], arguments);
        perror(arguments[0]);
        _exit(127);
    }
    while (pid > 0 && waitpid(-1, &status, 0) != pid)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void)
{
    const struct rlimit files = { 4096, 4096 };
    char line[256];
    FILE *list = fopen("/list", "r");

    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mkdir("/dev/shm", 01777);
    mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
    mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
    setrlimit(RLIMIT_NOFILE, &files);
    setenv("PATH", "/bin", 1);
    setenv("PROCSPAWN_CUNIT_FACTOR", "8", 1);
    while (list && fgets(line, sizeof line, list)) {
        char command[sizeof line];

        line[strcspn(line, "\n")] = '\0';
        strcpy(command, line);
        time_t began = time(NULL);
        int status = run(command);
        show_output();
        printf("exit %d %d %s\n", status, (int)(time(NULL) - began), line);
        fflush(stdout);
    }
    reboot(RB_POWER_OFF);
    return 1;
}
