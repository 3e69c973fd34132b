/*
 * watch.h - what an event of epoll belongs to
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_WATCH_H
#define FORKSCOPE_FORKSERVER_CHILDREN_WATCH_H

/* The first member of each watched structure; epoll's data points to it. */
enum watch {
    WATCH_ROOT,
    WATCH_HOST,
    WATCH_SIGNALS,
    WATCH_REQUESTER,
    WATCH_SPACE,
    WATCH_DEATH,
    WATCH_BEGIN
};

#endif
