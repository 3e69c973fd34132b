/*
 * 34_descriptors.c - open files as arguments and results
 *
 * Shows procspawn_value_fd and procspawn_value_claim_fd. The function reads from the descriptor
 * that came with its argument, and returns another one: a file in memory, with the same text in
 * capital letters. Prints what is in it.
 *
 * The result of procspawn_call() has its descriptors closed. procspawn_call_with() keeps them until
 * procspawn_result_fini().
 */
#include <ctype.h>
#include <forkscope.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static json_t *shout(json_t *from)
{
    char text[64];
    int in, out = memfd_create("shouted", MFD_CLOEXEC);

    if (out < 0 || procspawn_value_claim_fd(from, &in) < 0)
        return procspawn_fail("no descriptor");
    ssize_t size = read(in, text, sizeof text);
    close(in);
    for (ssize_t i = 0; i < size; i++)
        text[i] = (char)toupper((unsigned char)text[i]);
    if (size < 0 || write(out, text, (size_t)size) != size)
        procspawn_fail("the text cannot be copied");
    return procspawn_value_fd_take(out);            /* closed when it has been sent */
}

int main(int argc, char **argv)
{
    static const char text[] = "hello through a pipe";
    struct procspawn_call_options options = { .take_argument = true };
    struct procspawn_result result;
    char shouted[64];
    int ends[2], fd;

    if (procspawn_init(argc, argv) < 0 || pipe(ends) < 0 ||
        write(ends[1], text, strlen(text)) != (ssize_t)strlen(text))
        return 1;
    if (procspawn_call_with(&options, shout, procspawn_value_fd(ends[0]), &result) < 0 ||
        procspawn_value_claim_fd(result.value, &fd) < 0)
        return 1;
    procspawn_result_fini(&result);                 /* fd is ours, and stays open */
    ssize_t size = pread(fd, shouted, sizeof shouted, 0);
    printf("%.*s\n", (int)size, shouted);
    close(fd);
    close(ends[0]);
    close(ends[1]);
    return procspawn_fini() == 0 ? 0 : 1;
}
