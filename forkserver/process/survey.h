/*
 * survey.h - the mappings of this process, as the kernel lists them
 *
 * If an emulator runs the program (valgrind), mappings belong to the emulator and change at any
 * time. It is detected by code from a file that the dynamic linker has not loaded: then the list is
 * empty.
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_SURVEY_H
#define FORKSCOPE_FORKSERVER_PROCESS_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

enum { SURVEY_RANGES = 4096, SURVEY_TEXT = 4 * 1024 * 1024 };

struct range {
    uintptr_t start, end;
    bool writable;
    bool plain;                 /* private, readable, not executable */
    bool constant;              /* of a file, private, not writable: code, or constants behind it */
    bool heap;                  /* memory of brk(2) */
    bool nameless;              /* neither of a file nor named by the kernel or the program */
    bool usual;                 /* VmFlags were read and contain nothing special */
    bool used;                  /* this process has pages of it */
    unsigned long written;      /* KiB that were written to */
    unsigned long huge;         /* KiB of them in huge pages */
};

/* Private memory, so that reading changes nothing that is read. */
struct survey {
    struct range ranges[SURVEY_RANGES];
    unsigned count;
    bool foreign_code;
    char text[SURVEY_TEXT];     /* contents of /proc/self/smaps; the rest is ignored */
};

/* Returns NULL without memory. */
struct survey *forkserver__survey_make(void);
void forkserver__survey_free(struct survey *survey);

#endif
