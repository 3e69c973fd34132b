/*
 * watch.h - the descriptors that a set watches
 *
 * All functions: in the thread that is in procspawn_set_next() or the like.
 */
#ifndef FORKSCOPE_COMPLETION_WATCH_H
#define FORKSCOPE_COMPLETION_WATCH_H

#include "src/completion/member.h"
#include "src/completion/state.h"
#include <forkscope/completion.h>
#include <stdbool.h>

/* Makes the epoll set, or makes it anew if the program has closed it or the alarm. 0 or -errno. */
int procspawn__watch_open(procspawn_set *set) EXCLUDES(set_lock);

/* Watches the descriptor for a call in place of another one. False: that cannot be had now. */
bool procspawn__watch_member(struct procspawn__member *member, int fd);
void procspawn__unwatch_member(struct procspawn__member *member);

/* Watches what brings the answers of servers, or not. */
void procspawn__watch_client(procspawn_set *set, bool on);

/* Calls whose descriptors are readable, up to this number; returns how many. Does not wait. */
int procspawn__watch_poll(procspawn_set *set, struct procspawn__member *ret_members[], int max);

#endif
