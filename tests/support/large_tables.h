/*
 * large_tables.h - modules with large symbol tables, in each of which a thread stays
 */
#ifndef FORKSCOPE_SUPPORT_LARGE_TABLES_H
#define FORKSCOPE_SUPPORT_LARGE_TABLES_H

enum { LARGE_TABLES = 4 };

/* Makes the folder for the modules, and removes it with them. Returns 0, or -1. */
int large_tables_begin(void);
int large_tables_end(void);

/* For a child: loads the modules and starts the threads, or ends the process. */
void large_tables_load(void);

#endif
