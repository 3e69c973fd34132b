/*
 * notes_fuzz.c - notes of an ELF file that a process has chosen; the first byte is the alignment
 */
#include "tests/fuzz/fuzz.h"

#include "src/base/notes.h"

#include <stdlib.h>
#include <string.h>

static void check_build_id(const struct notes *notes, size_t most)
{
    struct note note;

    if (!base__notes_build_id(*notes, most, &note))
        return;
    fuzz_check(note.size >= 1 && note.size <= most);
    fuzz_check(note.name_size == 4 && memcmp(note.name, "GNU", 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = { bytes, size };
    size_t alignment = fuzz_u8(&input);
    const size_t length = input.left;
    unsigned char *copy = fuzz_copy(&input, length);
    struct notes notes = { copy, length, alignment };
    struct note note;

    check_build_id(&notes, 32);
    check_build_id(&notes, SIZE_MAX);
    for (size_t left = notes.size; base__notes_next(&notes, &note); left = notes.size) {
        fuzz_check(notes.size < left && notes.bytes + notes.size == copy + length);
        fuzz_check(note.name >= copy && note.name + note.name_size <= note.data);
        fuzz_check(note.data + note.size <= notes.bytes);
    }
    free(copy);
    return 0;
}
