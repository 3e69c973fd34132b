/*
 * mailbox.c - maps the memory shared with the runner, and writes failures into it
 */
#include "src/cunit/mailbox.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

struct mailbox *procspawn__cunit_mailbox;

int procspawn__cunit_mailbox_map(struct mailbox **ret_mailbox)
{
    void *memory = mmap(NULL, sizeof(struct mailbox), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return -errno;
    *ret_mailbox = memory;
    return 0;
}

void procspawn__cunit_mailbox_unmap(struct mailbox *mailbox)
{
    munmap(mailbox, sizeof(*mailbox));
}

void procspawn__cunit_mailbox_fail(struct mailbox *mailbox, const char *file, unsigned line,
                                   const char *text)
{
    unsigned slot = atomic_fetch_add(&mailbox->failures, 1);
    struct mailbox_failure *failure;

    if (slot >= MAILBOX_FAILURES)
        return;
    failure = &mailbox->failure[slot];
    failure->line = line;
    snprintf(failure->file, sizeof(failure->file), "%s", file);
    snprintf(failure->text, sizeof(failure->text), "%s", text);
    atomic_store(&failure->written, true);
}
