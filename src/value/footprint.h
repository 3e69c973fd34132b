/*
 * footprint.h - what a JSON text will cost when jansson decodes it
 *
 * A short text can be a large value: "{}" takes 224 bytes. So a text from outside is looked through
 * before anything is decoded, in one pass, without recursion and without memory. What comes out is
 * an upper bound of the memory that jansson takes, as the allocator of GNU's C library counts it:
 * seldom more than twice of that, never four times. Texts that are no JSON get a bound as well;
 * jansson stops at their first fault.
 */
#ifndef FORKSCOPE_PROC_FOOTPRINT_H
#define FORKSCOPE_PROC_FOOTPRINT_H

#include <stddef.h>
#include <stdint.h>

struct procspawn__footprint {
    uint64_t bytes;             /* of the value */
    uint64_t passing;           /* more than that, at some moment while it is decoded */
    unsigned depth;             /* arrays and objects inside each other */
};

/* What a value may be, at most. */
typedef struct procspawn__limit {
    uint64_t bytes;
    unsigned depth;
} procspawn__limit;

/* What a result may be unless its builder says otherwise. */
#define PROCSPAWN__LIMIT_DEFAULT { UINT64_C(512) << 20, 256 }

/* Stops where one of the two is over the limit, and says how much it was there. */
struct procspawn__footprint procspawn__footprint(const void *text, size_t length,
                                                 const procspawn__limit *limit);

#endif
