/*
 * fault.h - the cause of a crash in a sentence: "write to 0x10: null pointer, member at offset 16"
 */
#ifndef FORKSCOPE_CRASH_FAULT_H
#define FORKSCOPE_CRASH_FAULT_H

#include "src/crash/handler.h"
#include "src/crash/mappings.h"

enum { FAULT_TEXT = 256 };    /* longer ones are cut */

/* mappings: of the process, which may be none. The text is "" if there is nothing to say. */
void crash__fault_text(const struct crash_record *record, const struct mappings *mappings,
                       char ret_text[FAULT_TEXT]);

#endif
