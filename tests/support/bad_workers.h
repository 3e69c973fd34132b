/*
 * bad_workers.h - workers that send malformed messages, and strangers that they leave
 */
#ifndef FORKSCOPE_SUPPORT_BAD_WORKERS_H
#define FORKSCOPE_SUPPORT_BAD_WORKERS_H

#include <jansson.h>

enum words {
    BROKEN, SENSELESS, DEATH_OF_ITS_OWN, EMPTY, SHORT_ANSWER, WRONG_LENGTH, LATE_ANSWER, WORDS
};

/* Sends these words to the channel. */
void bad_say(int channel, enum words words);

/* Functions to call; the argument says which words. */
json_t *bad_say_for_ever(json_t *words);

/* A process that outlives the call, and is killed with the worker. */
json_t *bad_leave_a_stranger(json_t *words);

/* Leaves many, and hangs. */
json_t *bad_flood_with_strangers(json_t *words);

#endif
