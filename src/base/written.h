/*
 * written.h - one section for data that every child writes
 *
 * The first write to a page after a fork copies the page. Variables that all children write lie
 * together in one section, so that a child copies one page instead of one for each file.
 */
#ifndef FORKSCOPE_BASE_WRITTEN_H
#define FORKSCOPE_BASE_WRITTEN_H

#define BASE_WRITTEN __attribute__((section("forkscope_written")))

#endif
