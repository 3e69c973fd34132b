/*
 * texts_test.c - the class and the text of an exception, read from what the C++ ABI lays out
 */
#include "src/crash/texts.h"

#include <forkscope/cunit.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* ---- classes as a compiler makes them; their own classes are known by name ---- */

struct type { const void *vtable; const char *name; };

static const struct type plain_kind = { NULL, "N10__cxxabiv117__class_type_infoE" };
static const struct type single_kind = { NULL, "N10__cxxabiv120__si_class_type_infoE" };
static const struct type many_kind = { NULL, "N10__cxxabiv121__vmi_class_type_infoE" };
static const void *const plain_table[] = { &plain_kind, NULL };
static const void *const single_table[] = { &single_kind, NULL };
static const void *const many_table[] = { &many_kind, NULL };

static const struct type exception = { &plain_table[1], "St9exception" };
static const struct type other = { &plain_table[1], "5Other" };
static const struct { struct type head; const struct type *base; } single = {
    { &single_table[1], "6Single" }, &exception };
static const struct {
    struct type head;
    unsigned flags, count;
    struct { const struct type *type; long offset_flags; } base[2];
} many = { { &many_table[1], "4Many" }, 0, 2,
           { { &other, 0 }, { &single.head, (long)sizeof(void *) << 8 } } },
  lost = { { &many_table[1], "*4Lost" }, 0, 1, { { &other, 0 } } },
  virtual = { { &many_table[1], "7Virtual" }, 0, 1,
              { { &exception, -(long)sizeof(void *) * 256 | 1 } } };

static const char *what(const void *self)
{
    return self ? "bracket expected" : "no object";
}

static const void *const vtable[] = { NULL, NULL, (const void *)(uintptr_t)what };
/* The offset of the virtual base lies before the first function. */
static const void *const virtual_table[] = { (const void *)sizeof(void *), NULL };

static struct texts read_back;

static const char *text_of(const void *type, const void *object)
{
    static struct memory memory;

    crash__memory_open(&memory, getpid());
    crash__texts_exception(type, object);
    CU_ASSERT_EQUAL(crash__texts_read(&memory, &read_back), 0);
    CU_ASSERT_EQUAL(read_back.said, BACKTRACE_SAID_EXCEPTION);
    crash__memory_close(&memory);
    return read_back.text;
}

static void the_exception_that_was_caught_last_is_known_by_its_class(void)
{
    static const void *header[16] = { &single.head };
    const void *globals[2] = { header, NULL };

    CU_ASSERT_PTR_EQUAL(crash__texts_caught(globals, &single.head), &header[14]);
    CU_ASSERT_PTR_NULL(crash__texts_caught(globals, &many.head));
    globals[0] = NULL;
    CU_ASSERT_PTR_NULL(crash__texts_caught(globals, &single.head));
}

static void an_exception_says_its_text(void)
{
    const void *const object[] = { vtable };

    CU_ASSERT_STRING_EQUAL(text_of(&exception, object), "bracket expected");
    CU_ASSERT_STRING_EQUAL(text_of(&single, object), "bracket expected");
    CU_ASSERT_STRING_EQUAL(read_back.type, "6Single");
}

static void the_part_of_an_object_that_is_an_exception_is_found(void)
{
    const void *const object[] = { NULL, vtable }, *const with_virtual[] = { &virtual_table[1], vtable };

    CU_ASSERT_STRING_EQUAL(text_of(&many, object), "bracket expected");
    CU_ASSERT_STRING_EQUAL(text_of(&virtual, with_virtual), "bracket expected");
}

static void any_other_object_has_a_class_only(void)
{
    const void *const object[] = { vtable };

    CU_ASSERT_STRING_EQUAL(text_of(&lost, object), "");
    CU_ASSERT_STRING_EQUAL(read_back.type, "4Lost");
    CU_ASSERT_STRING_EQUAL(text_of(&exception, NULL), "");
    CU_ASSERT_STRING_EQUAL(text_of(NULL, NULL), "");
    CU_ASSERT_STRING_EQUAL(read_back.type, "");
}

static void a_string_that_is_thrown_is_its_text(void)
{
    static const struct type string = { &plain_table[1], "PKc" };
    static const char *const object = "text";

    static const struct type cxx_string = {
        &plain_table[1], "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE" };
    static const struct { const char *text; size_t length; } cxx_object = { "whole", 5 };

    CU_ASSERT_STRING_EQUAL(text_of(&string, &object), "text");
    CU_ASSERT_STRING_EQUAL(text_of(&cxx_string, &cxx_object), "whole");
}

static void a_text_that_is_too_long_is_cut(void)
{
    static const struct type string = { &plain_table[1], "PKc" };
    static char text[2 * TEXTS_TEXT];
    const char *const object = text;

    memset(text, 'x', sizeof text - 1);
    CU_ASSERT_EQUAL(strlen(text_of(&string, &object)), TEXTS_TEXT - 1);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_exception_that_was_caught_last_is_known_by_its_class),
    TEST(an_exception_says_its_text),
    TEST(the_part_of_an_object_that_is_an_exception_is_found),
    TEST(any_other_object_has_a_class_only),
    TEST(a_string_that_is_thrown_is_its_text),
    TEST(a_text_that_is_too_long_is_cut),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "texts", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
