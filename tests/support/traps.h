/*
 * traps.h - what takes the place of a descriptor, and is to be left alone
 */
#ifndef FORKSCOPE_SUPPORT_TRAPS_H
#define FORKSCOPE_SUPPORT_TRAPS_H

/* What it is. */
enum kind { NOTHING, PIPE, FILE_THERE, SOCKET, EVENT };

/* Opens the thing. */
void trap_set(enum kind kind);

/* Blames who has touched it. */
void trap_check(enum kind kind);

/* Puts it in the place of a descriptor. NOTHING: closes the descriptor. */
void trap_take_number(int fd, enum kind kind);

#endif
