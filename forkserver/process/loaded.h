/*
 * loaded.h - memory that the program wrote before init, so that no fork copies its page tables
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_LOADED_H
#define FORKSCOPE_FORKSERVER_PROCESS_LOADED_H

#include <stdint.h>

/*
 * Large written memory of malloc(3) becomes a private mapping of a sealed file in memory, with the
 * same contents. Uses at most so many nanoseconds of a processor (negative: any number), and half
 * of the memory that is free. What cannot be done stays as it was. *progress is increased now and
 * then meanwhile. Once, in the root.
 */
void forkserver__loaded_to_file(int64_t time, uint32_t *progress);

#endif
