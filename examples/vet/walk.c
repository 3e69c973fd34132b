#include "examples/vet/walk.h"

#include <dirent.h>
#include <errno.h>
#include <forkscope/scope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
 * One task's work. All that it holds is here, so that one function releases it, however the task
 * ends. Cancellation is off but for two places, the queue and the checkpoint: else a cancelled
 * opendir() could lose its descriptor.
 */
struct walker {
    struct walk *walk;
    char **directories;     /* still to be read */
    size_t count;
    size_t room;
    char *path;             /* not yet in the queue */
    char *directory;        /* being read */
    DIR *stream;
};

static void release(void *arg)
{
    struct walker *walker = arg;
    if (walker->stream)
        closedir(walker->stream);
    for (size_t i = 0; i < walker->count; i++)
        free(walker->directories[i]);
    free(walker->directories);
    free(walker->directory);
    free(walker->path);
}

/* Takes the path. */
static int add_directory(struct walker *walker, char *path)
{
    if (walker->count == walker->room) {
        size_t room = walker->room ? 2 * walker->room : 64;
        char **directories = realloc(walker->directories, room * sizeof *directories);
        if (!directories) {
            free(path);
            return -ENOMEM;
        }
        walker->directories = directories;
        walker->room = room;
    }
    walker->directories[walker->count++] = path;
    return 0;
}

/* Takes the path. */
static int add_file(struct walker *walker, char *path)
{
    walker->path = path;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    int code = paths_put(walker->walk->paths, path);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (code == 0)
        walker->path = NULL;
    return code;
}

static void checkpoint(void)
{
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    scoped_checkpoint();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
}

static char *join(const char *directory, const char *name)
{
    size_t length = strlen(directory);
    const char *slash = length > 0 && directory[length - 1] == '/' ? "" : "/";
    char *path;
    return asprintf(&path, "%s%s%s", directory, slash, name) < 0 ? NULL : path;
}

static unsigned char kind_of(const char *path, unsigned char kind)
{
    struct stat status;
    if (kind != DT_UNKNOWN || lstat(path, &status) < 0)
        return kind;
    return IFTODT(status.st_mode);
}

/* What a link points to is found by itself, or lies outside. */
static int add_entry(struct walker *walker, const struct dirent *entry)
{
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return 0;
    char *path = join(walker->directory, entry->d_name);
    if (!path)
        return -ENOMEM;
    unsigned char kind = kind_of(path, entry->d_type);
    if (kind == DT_DIR)
        return add_directory(walker, path);
    if (kind != DT_LNK)
        return add_file(walker, path);
    free(path);
    return 0;
}

static void report_unreadable(const struct walker *walker, int error)
{
    struct verdict verdict = verdict_without_call(OUTCOME_UNREADABLE, strerror(error));
    report_add(walker->walk->report, walker->directory, &verdict);
    verdict_fini(&verdict);
}

static int read_entries(struct walker *walker)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(walker->stream);
        if (!entry && errno != 0)
            report_unreadable(walker, errno);
        if (!entry)
            return 0;
        int code = add_entry(walker, entry);
        if (code < 0)
            return code;
    }
}

static int read_directory(struct walker *walker)
{
    walker->stream = opendir(walker->directory);
    if (!walker->stream) {
        report_unreadable(walker, errno);
        return 0;
    }
    int code = read_entries(walker);
    closedir(walker->stream);
    walker->stream = NULL;
    return code;
}

static int walk_directories(struct walker *walker)
{
    while (walker->count > 0) {
        checkpoint();
        walker->directory = walker->directories[--walker->count];
        int code = read_directory(walker);
        free(walker->directory);
        walker->directory = NULL;
        if (code < 0)
            return code;
    }
    return 0;
}

/* Whether there is a file at all, and whether it can be read, is found out when it is parsed. */
static int walk_argument(struct walker *walker, const char *argument)
{
    struct stat status;
    char *path = strdup(argument);
    if (!path)
        return -ENOMEM;
    if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode))
        return add_file(walker, path);
    int code = add_directory(walker, path);
    return code < 0 ? code : walk_directories(walker);
}

static int walk_arguments(struct walker *walker)
{
    const struct options *options = walker->walk->options;
    for (;;) {
        size_t index = atomic_fetch_add(&walker->walk->next, 1);
        if (index >= options->count)
            return 0;
        int code = walk_argument(walker, options->paths[index]);
        if (code < 0)
            return code;
    }
}

int walk_run(void *walk)
{
    struct walker walker = { .walk = walk };
    int code;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cleanup_push(release, &walker);
    code = walk_arguments(&walker);
    pthread_cleanup_pop(1);
    return code;
}
