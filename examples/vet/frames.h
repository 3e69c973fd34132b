/*
 * frames.h - the innermost frames of a crash, in a few words
 */
#ifndef VET_FRAMES_H
#define VET_FRAMES_H

#include <forkscope/error.h>
#include <stdio.h>

/* Prints " in read_number <- read_value <- ...", or nothing when no frame is known. */
void frames_print(const procspawn_error *error, FILE *stream);

#endif
