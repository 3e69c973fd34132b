/*
 * channel_helpers.h - what the tests of channels share: one channel, its ends, and who sends
 */
#ifndef FORKSCOPE_SUPPORT_CHANNEL_HELPERS_H
#define FORKSCOPE_SUPPORT_CHANNEL_HELPERS_H

#include "tests/support/call_helpers.h"

#include <forkscope/channel.h>

/* The channel of a test. */
extern procspawn_sender *sender;
extern procspawn_receiver *receiver;

void channel_open(void);

/* Frees what a test opened; the sender alone, or both ends. */
void channel_close_sender(void);

void channel_close(void);

/* Starts a call for the sender, which is taken: the receiver stays here, alone. */
procspawn_handle *channel_start(procspawn_function *function);

/* Receives an integer, in time. */
json_int_t channel_next(void);

/* Receives and drops a message, in time; returns what the receiver says. */
int channel_end(void);

void channel_send(procspawn_sender *to, int integer);

/* In a child: takes the sender that its argument is. */
procspawn_sender *channel_take_sender(json_t *value);

#endif
