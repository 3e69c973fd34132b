/*
 * remap.h - replaces memory inherited from the host by mappings of the server's own
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_REMAP_H
#define FORKSCOPE_FORKSERVER_PROCESS_REMAP_H

/* Called once, when the server is idle. */
void forkserver__remap_memory(void);

#endif
