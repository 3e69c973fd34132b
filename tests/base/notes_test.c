/*
 * notes_test.c - notes of ELF files, whole ones and others
 */
#include "src/base/notes.h"

#include <elf.h>
#include <forkscope/cunit.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* A list of notes put together by hand. */
struct list {
    unsigned char bytes[512];
    size_t size;
};

static void put(struct list *list, const void *bytes, size_t size)
{
    CU_ASSERT_FATAL(size <= sizeof list->bytes - list->size);
    memcpy(list->bytes + list->size, bytes, size);
    list->size += size;
}

static void pad(struct list *list, size_t alignment)
{
    while (list->size % alignment)
        put(list, "\xff", 1);
}

static void put_head(struct list *list, uint32_t name, uint32_t data, uint32_t type)
{
    const Elf64_Nhdr head = { name, data, type };

    put(list, &head, sizeof head);
}

static void put_note(struct list *list, const char *name, uint32_t type, const char *data,
                     size_t alignment)
{
    put_head(list, (uint32_t)strlen(name) + 1, (uint32_t)strlen(data), type);
    put(list, name, strlen(name) + 1);
    pad(list, alignment);
    put(list, data, strlen(data));
    pad(list, alignment);
}

/* A copy in memory of exactly this size: a sanitizer sees a read past its end. */
static struct notes copy_of(const struct list *list, size_t alignment)
{
    unsigned char *copy = malloc(list->size ? list->size : 1);

    CU_ASSERT_FATAL(copy != NULL);
    memcpy(copy, list->bytes, list->size);
    return (struct notes){ copy, list->size, alignment };
}

static size_t count(const struct list *list, size_t alignment)
{
    struct notes notes = copy_of(list, alignment);
    const unsigned char *start = notes.bytes, *end = start + notes.size;
    struct note note;
    size_t found = 0;

    for (; base__notes_next(&notes, &note); found++) {
        CU_ASSERT(notes.bytes + notes.size == end);
        CU_ASSERT(note.name >= start && note.name + note.name_size <= note.data);
        CU_ASSERT(note.data + note.size <= notes.bytes);
    }
    free((void *)start);
    return found;
}

static bool has_build_id(const struct list *list, size_t most, const char *id)
{
    struct notes notes = copy_of(list, 4);
    struct note note;
    const bool found = base__notes_build_id(notes, most, &note);
    const bool same =
        found && id && note.size == strlen(id) && memcmp(note.data, id, note.size) == 0;

    free((void *)notes.bytes);
    return id ? same : !found;
}

static void notes_come_in_order(void)
{
    struct list list = { .size = 0 };
    struct note note;

    put_note(&list, "GNU", 1, "12345", 4);
    put_note(&list, "somebody", 77, "data", 4);
    struct notes notes = { list.bytes, list.size, 4 };
    CU_ASSERT_FATAL(base__notes_next(&notes, &note));
    CU_ASSERT(note.type == 1 && note.name_size == 4 && memcmp(note.name, "GNU", 4) == 0);
    CU_ASSERT(note.size == 5 && memcmp(note.data, "12345", 5) == 0);
    CU_ASSERT_FATAL(base__notes_next(&notes, &note));
    CU_ASSERT(note.type == 77 && note.name_size == 9 && memcmp(note.name, "somebody", 9) == 0);
    CU_ASSERT(note.size == 4 && memcmp(note.data, "data", 4) == 0);
    CU_ASSERT(!base__notes_next(&notes, &note));
}

static void a_list_may_be_empty(void)
{
    const struct list list = { .size = 0 };

    PROCSPAWN_CUNIT_EQUAL(count(&list, 4), 0);
    CU_ASSERT(has_build_id(&list, 32, NULL));
}

static void a_note_may_have_neither_name_nor_data(void)
{
    struct list list = { .size = 0 };

    put_head(&list, 0, 0, NT_GNU_BUILD_ID);
    put_head(&list, 0, 0, 0);
    PROCSPAWN_CUNIT_EQUAL(count(&list, 4), 2);
    CU_ASSERT(has_build_id(&list, 32, NULL));
}

static void notes_are_padded_to_eight_bytes_where_the_segment_is(void)
{
    struct list list = { .size = 0 };

    put_note(&list, "GNU", 5, "12345678", 8);
    put_note(&list, "longer", 5, "1", 8);
    put_note(&list, "GNU", 5, "123", 8);
    PROCSPAWN_CUNIT_EQUAL(count(&list, 8), 3);
}

/* Linkers write 0 or 1 where they mean 4. */
static void any_other_alignment_is_four(void)
{
    static const size_t alignments[] = { 0, 1, 2, 3, 4, 5, 16, 4096, SIZE_MAX };
    struct list list = { .size = 0 };

    put_note(&list, "GNU", 5, "12345", 4);
    put_note(&list, "longer", 5, "1", 4);
    for (size_t i = 0; i < sizeof alignments / sizeof *alignments; i++)
        PROCSPAWN_CUNIT_EQUAL(count(&list, alignments[i]), 2);
}

static void the_last_note_needs_no_padding(void)
{
    struct list list = { .size = 0 };

    put_note(&list, "GNU", 1, "1234", 4);
    put_head(&list, 4, 5, NT_GNU_BUILD_ID);
    put(&list, "GNU\0build", 9);
    PROCSPAWN_CUNIT_EQUAL(count(&list, 4), 2);
    CU_ASSERT(has_build_id(&list, 32, "build"));
}

static void a_truncated_note_is_no_note(void)
{
    struct list list = { .size = 0 };

    put_head(&list, 4, 5, NT_GNU_BUILD_ID);
    put(&list, "GNU\0build", 9);
    while (list.size-- > 0) {
        PROCSPAWN_CUNIT_EQUAL(count(&list, 4), 0);
        CU_ASSERT(has_build_id(&list, 32, NULL));
    }
}

static void sizes_that_overflow_end_the_list(void)
{
    static const uint32_t sizes[] = { 5,          0x7fffffff, 0x80000000,
                                      0xfffffff4, 0xfffffffc, UINT32_MAX };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct list name = { .size = 0 }, data = { .size = 0 };

        put_head(&name, sizes[i], 0, NT_GNU_BUILD_ID);
        put(&name, "GNU", 4);
        PROCSPAWN_CUNIT_EQUAL(count(&name, 4), 0);
        put_head(&data, 4, sizes[i], NT_GNU_BUILD_ID);
        put(&data, "GNU\0data", 8);
        PROCSPAWN_CUNIT_EQUAL(count(&data, 4), 0);
        CU_ASSERT(has_build_id(&data, SIZE_MAX, NULL));
    }
}

static void the_build_id_is_found_behind_other_notes(void)
{
    struct list list = { .size = 0 };

    put_note(&list, "GNU", 1, "another type", 4);
    put_note(&list, "Gnu", NT_GNU_BUILD_ID, "another name", 4);
    put_note(&list, "GNUs", NT_GNU_BUILD_ID, "a longer name", 4);
    put_note(&list, "GNU", NT_GNU_BUILD_ID, "the build-id", 4);
    put_note(&list, "GNU", NT_GNU_BUILD_ID, "a second one", 4);
    CU_ASSERT(has_build_id(&list, 32, "the build-id"));
}

static void a_build_id_without_room_for_it_is_passed_over(void)
{
    struct list list = { .size = 0 };

    put_note(&list, "GNU", NT_GNU_BUILD_ID, "", 4);
    put_note(&list, "GNU", NT_GNU_BUILD_ID, "too long", 4);
    CU_ASSERT(has_build_id(&list, 7, NULL));
    put_note(&list, "GNU", NT_GNU_BUILD_ID, "short", 4);
    CU_ASSERT(has_build_id(&list, 7, "short"));
    CU_ASSERT(has_build_id(&list, 8, "too long"));
}

static int count_build_ids(struct dl_phdr_info *info, size_t size, void *found)
{
    struct note note;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const struct notes notes = { (const void *)(info->dlpi_addr + segment->p_vaddr),
                                     segment->p_memsz, segment->p_align };

        *(int *)found += segment->p_type == PT_NOTE && base__notes_build_id(notes, 32, &note);
    }
    return 0;
}

/* At least the vDSO has a build-id. */
static void notes_of_loaded_modules_are_read(void)
{
    int found = 0;

    dl_iterate_phdr(count_build_ids, &found);
    CU_ASSERT(found > 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(notes_come_in_order),
    TEST(a_list_may_be_empty),
    TEST(a_note_may_have_neither_name_nor_data),
    TEST(notes_are_padded_to_eight_bytes_where_the_segment_is),
    TEST(any_other_alignment_is_four),
    TEST(the_last_note_needs_no_padding),
    TEST(a_truncated_note_is_no_note),
    TEST(sizes_that_overflow_end_the_list),
    TEST(the_build_id_is_found_behind_other_notes),
    TEST(a_build_id_without_room_for_it_is_passed_over),
    TEST(notes_of_loaded_modules_are_read),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "notes", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
