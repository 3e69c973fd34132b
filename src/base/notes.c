/*
 * notes.c - each note is a head, a name and data; the last two are padded to the alignment
 */
#include "src/base/notes.h"

#include <elf.h>
#include <string.h>

/* The head is the same in files of 32 and 64 bits. */
typedef Elf64_Nhdr note_head;

static size_t alignment_of(const struct notes *notes)
{
    return notes->alignment == 8 ? 8 : 4;
}

/* Takes the field at *offset, and moves *offset past its padding, as far as the notes go. */
static bool take(const struct notes *notes, size_t size, size_t *offset,
                 const unsigned char **ret_field)
{
    size_t left = notes->size - *offset, padding;

    if (size > left)
        return false;
    *ret_field = notes->bytes + *offset;
    padding = -(*offset + size) % alignment_of(notes);
    *offset += padding < left - size ? size + padding : left;
    return true;
}

bool base__notes_next(struct notes *notes, struct note *ret_note)
{
    note_head head;
    size_t offset = sizeof head;
    struct note note;

    if (notes->size < sizeof head)
        return false;
    memcpy(&head, notes->bytes, sizeof head);
    note.type = head.n_type;
    note.name_size = head.n_namesz;
    note.size = head.n_descsz;
    if (!take(notes, note.name_size, &offset, &note.name) ||
        !take(notes, note.size, &offset, &note.data))
        return false;
    notes->bytes += offset;
    notes->size -= offset;
    *ret_note = note;
    return true;
}

static bool is_build_id(const struct note *note)
{
    return note->type == NT_GNU_BUILD_ID && note->name_size == sizeof ELF_NOTE_GNU &&
           memcmp(note->name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0;
}

bool base__notes_build_id(struct notes notes, size_t most, struct note *ret_note)
{
    struct note note;

    while (base__notes_next(&notes, &note)) {
        if (!is_build_id(&note) || note.size == 0 || note.size > most)
            continue;
        *ret_note = note;
        return true;
    }
    return false;
}
