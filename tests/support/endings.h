/*
 * endings.h - functions to call, one for each way in which a function can end
 */
#ifndef FORKSCOPE_SUPPORT_ENDINGS_H
#define FORKSCOPE_SUPPORT_ENDINGS_H

#include <jansson.h>
#include <sys/types.h>

/* Shared: the process that ending_leaves_a_daemon has left; 0: none. */
extern pid_t *ending_daemon;

json_t *ending_returns(json_t *argument);
json_t *ending_exits(json_t *argument);
json_t *ending_exits_at_once(json_t *argument);
json_t *ending_exits_quickly(json_t *argument);
json_t *ending_aborts(json_t *argument);
json_t *ending_fails_an_assertion(json_t *argument);
json_t *ending_writes_where_it_must_not(json_t *argument);
json_t *ending_overflows_its_stack(json_t *argument);

/* The killer is another process, so that the victim is hit from outside. */
json_t *ending_is_killed(json_t *argument);
json_t *ending_stops_for_ever(json_t *argument);
json_t *ending_closes_everything(json_t *argument);
json_t *ending_raises(json_t *argument);
json_t *ending_returns_nothing(json_t *argument);
json_t *ending_returns_what_is_no_text(json_t *argument);
json_t *ending_leaves_a_daemon(json_t *argument);

#endif
