/*
 * footprint.h - how much memory a JSON text takes when jansson decodes it
 *
 * A short text can be a large value: "{}" takes 224 bytes. So a text from outside is measured
 * before it is decoded: in one pass, without recursion and without allocation. The result is an
 * upper bound of the memory that jansson takes, as the allocator of the GNU C library counts it. It
 * is seldom more than twice the real figure and never four times. A text that is not JSON gets a
 * bound too; jansson stops at its first error.
 */
#ifndef FORKSCOPE_VALUE_FOOTPRINT_H
#define FORKSCOPE_VALUE_FOOTPRINT_H

#include <stddef.h>
#include <stdint.h>

struct procspawn__footprint {
    uint64_t bytes;             /* memory of the value */
    uint64_t passing;           /* additional memory at some moment of decoding */
    unsigned depth;             /* nesting of arrays and objects */
};

/* The largest value that may be decoded. */
typedef struct procspawn__limit {
    uint64_t bytes;
    unsigned depth;
} procspawn__limit;

/* The limit of a result, unless its builder sets another. */
#define PROCSPAWN__LIMIT_DEFAULT { UINT64_C(512) << 20, 256 }

/*
 * Measures a text. It stops where the bytes or the depth exceed the limit, and returns the figures
 * of that point.
 */
struct procspawn__footprint procspawn__footprint(const void *text, size_t length,
                                                 const procspawn__limit *limit);

/* The same for an attachment (attachments.h): a string of this length, or bytes. */
uint64_t procspawn__attachment_footprint(uint64_t length);

#endif
