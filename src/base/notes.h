/*
 * notes.h - the notes of an ELF file: a segment PT_NOTE or a section SHT_NOTE
 *
 * Reads bytes that were copied from there or lie in a loaded module.
 */
#ifndef FORKSCOPE_BASE_NOTES_H
#define FORKSCOPE_BASE_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left of a list of notes. */
struct notes {
    const unsigned char *bytes;
    size_t size;
    size_t alignment;           /* of the segment or section: 8, or anything else for 4 */
};

/* One note, borrowed from the list. */
struct note {
    uint32_t type;              /* what it means depends on the name */
    const unsigned char *name;  /* of who defined the type; it includes a NUL */
    size_t name_size;
    const unsigned char *data;
    size_t size;
};

/*
 * Takes the next note from the list. False at the end, or if what is left is not a whole note;
 * padding may be missing behind the last one.
 */
bool base__notes_next(struct notes *notes, struct note *ret_note);

/*
 * Finds the first build-id of 1 to `most` bytes. The note's data are the build-id. False if there
 * is none.
 */
bool base__notes_build_id(struct notes notes, size_t most, struct note *ret_note);

#endif
