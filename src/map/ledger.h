/*
 * ledger.h - memory in which a worker notes what it does with a chunk: which items it has begun,
 * and their results
 *
 * It is shared by the host and the one worker that has the chunk. What the worker has noted stays
 * there, at whatever instant the worker dies. Each result is noted before the next item begins.
 *
 * The host believes nothing of it: it copies what is new out of the memory and checks the copy. It
 * does not map the memory, so that what the worker does to it costs the host neither a page nor a
 * signal.
 */
#ifndef FORKSCOPE_MAP_LEDGER_H
#define FORKSCOPE_MAP_LEDGER_H

#include "src/value/message.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- in the host ---- */

struct procspawn__ledger {
    int fd;                     /* -1: none */
    size_t size;
    size_t results;             /* read so far */
    size_t end;                 /* where the next one begins */
};

/* What is new: a copy. */
struct procspawn__ledger_news {
    size_t begun;               /* items begun, of all; as the worker says */
    size_t results;             /* new ones */
    unsigned char *bytes;
    size_t length;
    size_t at;
};

/* Memory for a chunk of so many items. 0 or -errno. */
int procspawn__ledger_open(struct procspawn__ledger *ledger, size_t items);
void procspawn__ledger_close(struct procspawn__ledger *ledger);

/*
 * Reads what is new. Returns 0; -EAGAIN: it was just being changed; -ENOMEM; or -EPROTO: this is
 * not what the library has written. `final`: the worker is done with the chunk.
 */
int procspawn__ledger_read(struct procspawn__ledger *ledger, bool final,
                           struct procspawn__ledger_news *ret_news);
/*
 * The next result of the news, which points into them. Returns 0, or -EPROTO. It counts as read.
 */
int procspawn__ledger_next(struct procspawn__ledger *ledger, struct procspawn__ledger_news *news,
                           struct procspawn__received_value *ret_value);
void procspawn__ledger_news_fini(struct procspawn__ledger_news *news);

/* ---- in the worker ---- */

/*
 * Encoded, a result is not longer: a longer one is decoded where that can be stopped, as the result
 * of a call.
 */
enum { PROCSPAWN__LEDGER_LONGEST = 256 << 10 };

struct procspawn__ledger_page {
    unsigned char *bytes;
    size_t size;
};

/* Takes the descriptor. 0 or -errno. */
int procspawn__ledger_attach(int fd, struct procspawn__ledger_page *ret_page);
void procspawn__ledger_detach(struct procspawn__ledger_page *page);
/* The next item begins. */
void procspawn__ledger_begin(struct procspawn__ledger_page *page);
/* Notes its result. False: it is too long, or there is no room for it. */
bool procspawn__ledger_note(struct procspawn__ledger_page *page,
                            const struct procspawn__message *message);

#endif
