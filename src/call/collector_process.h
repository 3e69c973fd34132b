/*
 * collector_process.h - the collector: reads what captured calls print
 */
#ifndef FORKSCOPE_CALL_COLLECTOR_PROCESS_H
#define FORKSCOPE_CALL_COLLECTOR_PROCESS_H

#include <jansson.h>

/* The function of the collector: it reads CAPTURE and DRAIN from stdin, a socket. */
json_t *procspawn__collector_run(json_t *unused);

#endif
