/*
 * event.h - the descriptors that report a cancel or an end
 *
 * None of these functions is a cancellation point. They may be called with a tree locked.
 */
#ifndef FORKSCOPE_SCOPE_EVENT_H
#define FORKSCOPE_SCOPE_EVENT_H

/* Raises an eventfd; -1: does nothing. */
void scoped__event_raise(int fd);

/* Makes an eventfd unreadable; -1: does nothing. */
void scoped__event_clear(int fd);

/* Closes an eventfd, if there is one, and sets *fd to -1. */
void scoped__event_close(int *fd);

#endif
