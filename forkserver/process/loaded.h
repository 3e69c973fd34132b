/*
 * loaded.h - memory that the program wrote before init, so that no fork copies its page tables
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_LOADED_H
#define FORKSCOPE_FORKSERVER_PROCESS_LOADED_H

#include <stdint.h>

/*
 * Large written memory of malloc(3) becomes a private mapping of a sealed file in memory, with the
 * same contents. time: nanoseconds of processor time that this may take; negative: no limit. At
 * most half of the free memory is used. Memory that is not replaced stays as it was. *progress is
 * increased while the copy goes on. Called once, in the root.
 */
void forkserver__loaded_to_file(int64_t time, uint32_t *progress);

#endif
