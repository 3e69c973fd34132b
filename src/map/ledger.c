/*
 * ledger.c - memory in which a worker notes what it does with a chunk
 */
#include "src/map/ledger.h"

#include "src/base/fd.h"
#include "src/value/message.h"
#include "src/wire/codec.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* The memory begins with the head; the results follow. */
struct head {
    uint64_t begun;             /* items that were begun */
    uint64_t results;           /* that were noted */
    uint64_t end;               /* of the last one; from the beginning of the memory */
};

/* Behind it lie the text and the attachments; then up to 7 bytes that align the next one. */
struct entry {
    uint32_t length;            /* of the text */
    uint32_t attached_length;
    uint32_t attached_count;
    uint32_t padding;
};

static size_t aligned(size_t length)
{
    enum { UNIT = 8 };
    return (length + UNIT - 1) / UNIT * UNIT;
}

/* ---- in the host ---- */

/* Only pages that are written take memory. */
static size_t size_for(size_t items)
{
    enum { LEAST = 64 << 10, EACH = 256, MOST = 16 << 20 };
    size_t size = LEAST + (items < MOST / EACH ? items * EACH : MOST);

    return size < MOST ? size : MOST;
}

static int prepare(int fd, size_t size)
{
    static const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    const struct head head = { .end = sizeof head };

    if (ftruncate(fd, (off_t)size) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)
        return -errno;
    return pwrite(fd, &head, sizeof head, 0) == sizeof head ? 0 : -ENOSPC;
}

int procspawn__ledger_open(struct procspawn__ledger *ledger, size_t items)
{
    size_t size = size_for(items);
    int fd = wire__memfd_open(size);

    *ledger = (struct procspawn__ledger){ .fd = -1 };
    if (fd < 0)
        return fd;
    int rc = prepare(fd, size);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    fd = base__fd_own(fd);
    if (fd < 0)
        return fd;
    *ledger = (struct procspawn__ledger){ .fd = fd, .size = size, .end = sizeof(struct head) };
    return 0;
}

void procspawn__ledger_close(struct procspawn__ledger *ledger)
{
    base__fd_close(ledger->fd);
    ledger->fd = -1;
}

static int read_at(const struct procspawn__ledger *ledger, void *bytes, size_t length, size_t at)
{
    if (!base__fd_is_ours(ledger->fd))
        return -EBADF;
    return pread(ledger->fd, bytes, length, (off_t)at) == (ssize_t)length ? 0 : -EPROTO;
}

/* A number that the worker changes meanwhile may be copied half; no such copy is made twice. */
static int read_head(const struct procspawn__ledger *ledger, bool final, struct head *ret_head)
{
    struct head again;
    int rc = read_at(ledger, ret_head, sizeof *ret_head, 0);

    if (rc < 0 || final)
        return rc;
    rc = read_at(ledger, &again, sizeof again, 0);
    if (rc < 0)
        return rc;
    return memcmp(ret_head, &again, sizeof again) == 0 ? 0 : -EAGAIN;
}

int procspawn__ledger_read(struct procspawn__ledger *ledger, bool final,
                           struct procspawn__ledger_news *ret_news)
{
    struct head head;
    int rc = read_head(ledger, final, &head);

    *ret_news = (struct procspawn__ledger_news){ .begun = SIZE_MAX };
    if (rc < 0)
        return rc;
    ret_news->begun = head.begun;
    if (head.results < ledger->results || head.results > head.begun || head.end < ledger->end ||
        head.end > ledger->size)
        return -EPROTO;
    size_t length = head.end - ledger->end;
    if (head.results == ledger->results || length == 0)
        return head.results == ledger->results ? 0 : -EPROTO;
    ret_news->bytes = malloc(length);
    if (!ret_news->bytes)
        return -ENOMEM;
    ret_news->length = length;
    ret_news->results = head.results - ledger->results;
    return read_at(ledger, ret_news->bytes, length, ledger->end);
}

void procspawn__ledger_news_fini(struct procspawn__ledger_news *news)
{
    free(news->bytes);
    news->bytes = NULL;
}

int procspawn__ledger_next(struct procspawn__ledger *ledger, struct procspawn__ledger_news *news,
                           struct procspawn__received_value *ret_value)
{
    struct entry entry;
    size_t left = news->length - news->at;

    if (left < sizeof entry)
        return -EPROTO;
    memcpy(&entry, news->bytes + news->at, sizeof entry);
    uint64_t length = (uint64_t)entry.length + entry.attached_length;
    if (length > PROCSPAWN__LEDGER_LONGEST || aligned(length) > left - sizeof entry)
        return -EPROTO;
    *ret_value = (struct procspawn__received_value){
        .text = news->bytes + news->at + sizeof entry,
        .length = entry.length,
        .attached_count = entry.attached_count,
        .attached_length = entry.attached_length,
    };
    news->at += sizeof entry + aligned(length);
    ledger->end += sizeof entry + aligned(length);
    ledger->results++;
    return 0;
}

/* ---- in the worker ---- */

int procspawn__ledger_attach(int fd, struct procspawn__ledger_page *ret_page)
{
    struct stat status;
    void *bytes = MAP_FAILED;

    if (fstat(fd, &status) == 0 && (size_t)status.st_size > sizeof(struct head))
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return -ENOMEM;
    *ret_page = (struct procspawn__ledger_page){ bytes, (size_t)status.st_size };
    return 0;
}

void procspawn__ledger_detach(struct procspawn__ledger_page *page)
{
    munmap(page->bytes, page->size);
}

static struct head *head_of(const struct procspawn__ledger_page *page)
{
    return (struct head *)page->bytes;
}

void procspawn__ledger_begin(struct procspawn__ledger_page *page)
{
    struct head *head = head_of(page);

    __atomic_store_n(&head->begun, head->begun + 1, __ATOMIC_RELEASE);
}

static void put(struct procspawn__ledger_page *page, size_t *at, const void *data, size_t length)
{
    memcpy(page->bytes + *at, data, length);
    *at += length;
}

/* The numbers in the head change only when the result is there. */
bool procspawn__ledger_note(struct procspawn__ledger_page *page,
                            const struct procspawn__message *message)
{
    struct head *head = head_of(page);
    const struct procspawn__attachments *attachments = &message->attachments;
    size_t length = procspawn__message_length(message);
    const struct entry entry = { .length = (uint32_t)message->text_length,
                                 .attached_length = (uint32_t)message->attached_length,
                                 .attached_count = (uint32_t)message->attached_count };
    size_t at = head->end;

    if (length > PROCSPAWN__LEDGER_LONGEST || sizeof entry + aligned(length) > page->size - at)
        return false;
    put(page, &at, &entry, sizeof entry);
    put(page, &at, message->text.bytes, message->text.length);
    for (size_t i = 0; i < attachments->count; i++)
        put(page, &at, attachments->parts[i].data, attachments->parts[i].length);
    __atomic_store_n(&head->end, aligned(at), __ATOMIC_RELEASE);
    __atomic_store_n(&head->results, head->results + 1, __ATOMIC_RELEASE);
    return true;
}
