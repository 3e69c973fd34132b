/*
 * written.h - where lies what every child writes
 *
 * The first write to a page after a fork copies the page. What all children write lies together in
 * a section of its own, so that it is one copy, and not one for each file.
 */
#ifndef FORKSCOPE_BASE_WRITTEN_H
#define FORKSCOPE_BASE_WRITTEN_H

#define BASE_WRITTEN __attribute__((section("forkscope_written")))

#endif
