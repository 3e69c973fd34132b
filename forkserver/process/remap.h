/*
 * remap.h - prepares the server's mappings so that its children cost less
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_REMAP_H
#define FORKSCOPE_FORKSERVER_PROCESS_REMAP_H

/* Called once, when the server is idle. */
void forkserver__remap_memory(void);

#endif
