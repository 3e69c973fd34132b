/*
 * vet_decoder_test.c - vet's verdicts with decoders of other libraries, in a sandbox and without
 *
 * The names of pictures begin as those of PngSuite do that have the same fault.
 */
#include "tests/support/made_file.h"
#include "tests/support/vet_helpers.h"

#include <forkscope/cunit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ok: false for what the decoder rejects. */
struct judged {
    const char *name;
    bool ok;
};

static const json_t *entry_of(const json_t *document, const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return vet_entry(document, path);
}

/* vet lists only what is not ok. */
static void check_list(const json_t *document, const char *folder, const struct judged *list)
{
    json_int_t good = 0, bad = 0;
    for (; list->name; list++) {
        const json_t *entry = entry_of(document, folder, list->name);
        const char *outcome = entry ? vet_word(entry, "outcome") : "ok";
        const char *wanted = list->ok ? "ok" : "rejected";
        if (strcmp(outcome, wanted) != 0)
            printf("%s: %s: %s instead of %s\n", list->name, outcome, vet_word(entry, "message"),
                   wanted);
        CU_ASSERT_STRING_EQUAL(outcome, wanted);
        if (entry)
            CU_ASSERT(vet_word(entry, "message")[0] != '\0');
        good += list->ok;
        bad += !list->ok;
    }
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "ok"), good);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "rejected"), bad);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "violation"), 0);
}

/* Outcome, place and message of each file, but no times. */
static json_t *verdicts_of(const json_t *document)
{
    json_t *verdicts = json_object();
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(document, "files"), index, entry) {
        json_t *verdict = json_copy(entry);
        json_object_del(verdict, "duration_ns");
        json_object_set_new(verdicts, vet_word(entry, "path"), verdict);
    }
    return verdicts;
}

static void check_verdicts(const char *parser, const char *folder, const struct judged *list)
{
    static const char *const sandboxes[] = { "none", "compute", "files" };
    json_t *first = NULL;
    for (size_t i = 0; i < sizeof sandboxes / sizeof sandboxes[0]; i++) {
        json_t *document = VET_RUN_JSON(1, "-p", parser, "-l", "20", "-s", sandboxes[i], folder);
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(document, "sandbox")),
                               sandboxes[i]);
        check_list(document, folder, list);
        json_t *verdicts = verdicts_of(document);
        CU_ASSERT(!first || json_equal(first, verdicts));
        json_decref(document);
        json_decref(first);
        first = verdicts;
    }
    json_decref(first);
}

/* ---- pictures ---- */

/* A picture is damaged at one place: flip changes bits of a byte; cut ends the file there. */
struct picture_case {
    struct judged judged;
    struct made_picture picture;
    size_t at;
    unsigned char flip;
    bool cut;
};

#define GOOD(name, ...) { { name, true }, { __VA_ARGS__ }, 0, 0, false }
#define BAD(name, ...) { { name, false }, { __VA_ARGS__ }, 0, 0, false }
#define FLIPPED(name, at, flip) { { name, false }, { 32, 32, 8, 0, 0, 0, 0 }, at, flip, false }
#define CUT(name, at) { { name, false }, { 32, 32, 8, 2, 0, 0, 0 }, at, 0, true }

static const struct picture_case pictures[] = {
    GOOD("basn0g01.png", 32, 32, 1, 0, 0, 0, 0),
    GOOD("basn0g02.png", 32, 32, 2, 0, 0, 0, 0),
    GOOD("basn0g04.png", 32, 32, 4, 0, 0, 0, 0),
    GOOD("basn0g08.png", 32, 32, 8, 0, 0, 0, 0),
    GOOD("basn0g16.png", 32, 32, 16, 0, 0, 0, 0),
    GOOD("basn2c08.png", 32, 32, 8, 2, 0, 0, 0),
    GOOD("basn2c16.png", 32, 32, 16, 2, 0, 0, 0),
    GOOD("basn3p01.png", 32, 32, 1, 3, 0, 0, 0),
    GOOD("basn3p04.png", 32, 32, 4, 3, 0, 0, 0),
    GOOD("basn3p08.png", 32, 32, 8, 3, 0, 0, 0),
    GOOD("basn4a08.png", 32, 32, 8, 4, 0, 0, 0),
    GOOD("basn6a16.png", 32, 32, 16, 6, 0, 0, 0),
    GOOD("basi0g01.png", 32, 32, 1, 0, 1, 0, 0),
    GOOD("basi3p02.png", 32, 32, 2, 3, 1, 0, 0),
    GOOD("basi6a08.png", 32, 32, 8, 6, 1, 0, 0),
    GOOD("s01i3p01.png", 1, 1, 1, 3, 1, 0, 0),
    GOOD("s39n3p04.png", 39, 39, 4, 3, 0, 0, 0),
    GOOD("oi9n0g16.png", 32, 32, 16, 0, 0, 1, 0),
    GOOD("large.png", 2000, 1500, 8, 6, 0, 8192, 0),
    BAD("xc1n0g08.png", 32, 32, 8, 1, 0, 0, 0),
    BAD("xc9n2c08.png", 32, 32, 8, 9, 0, 0, 0),
    BAD("xd0n2c08.png", 32, 32, 0, 2, 0, 0, 0),
    BAD("xd3n2c08.png", 32, 32, 3, 2, 0, 0, 0),
    BAD("xd9n2c08.png", 32, 32, 99, 2, 0, 0, 0),
    BAD("xdtn0g01.png", 32, 32, 1, 0, 0, 0, 32),
    BAD("no-width.png", 0, 32, 8, 2, 0, 0, 0),
    BAD("no-height.png", 32, 0, 8, 2, 0, 0, 0),
    BAD("rows-missing.png", 32, 32, 8, 2, 0, 0, 9),
    BAD("interlaced-twice.png", 32, 32, 8, 2, 2, 0, 0),
    BAD("wider-than-any.png", 2147483647, 1, 8, 6, 0, 0, 1),
    BAD("wider-than-32-bits.png", 4294967295, 1, 8, 6, 0, 0, 1),
    FLIPPED("xs1n0g01.png", 0, 0x01),
    FLIPPED("xs2n0g01.png", 0, 0x80),
    FLIPPED("xs4n0g01.png", 3, 0x20),
    FLIPPED("xcrn0g04.png", 4, 0x07),
    FLIPPED("xlfn0g04.png", 5, 0x07),
    FLIPPED("length-of-header.png", 11, 0x80),
    FLIPPED("xhdn0g08.png", 29, 0xff),
    FLIPPED("deflate-header.png", 41, 0x0f),
    FLIPPED("xcsn0g01.png", 60, 0xff),
    CUT("empty.png", 0),
    CUT("cut-in-signature.png", 5),
    CUT("cut-in-header.png", 20),
    CUT("cut-in-data.png", 1000),
    { { NULL, false }, { 0, 0, 0, 0, 0, 0, 0 }, 0, 0, false }
};

static void write_picture(const char *folder, const struct picture_case *of)
{
    struct made_file file = { NULL, 0 };
    made_file_png(&file, &of->picture);
    file.data[of->at] ^= of->flip;
    free(folder_write_bytes(folder, of->judged.name, file.data, of->cut ? of->at : file.length));
    made_file_free(&file);
}

static void pictures_are_judged_alike_in_each_sandbox(void)
{
    if (!vet_has("png"))
        return;
    struct judged list[sizeof pictures / sizeof pictures[0]];
    char *folder = folder_new();
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        list[i] = pictures[i].judged;
        if (list[i].name)
            write_picture(folder, &pictures[i]);
    }
    check_verdicts("png", folder, list);
    folder_remove(folder);
}

/* ---- XML ---- */

#define BOMB \
    "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>" \
    "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>" \
    "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;'>" \
    "<!ENTITY g '&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;'><!ENTITY h '&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;'>]>" \
    "<a>&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;</a>"

static const struct { struct judged judged; const char *text; } documents[] = {
    { { "plain.xml", true }, "<?xml version='1.0'?>\n<a b='c'>text<d/></a>\n" },
    { { "names.xml", true }, "<x:a xmlns:x='urn:x'><x:b/></x:a>" },
    { { "entities.xml", true }, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;&lt;</a>" },
    { { "windows-1252.xml", true }, "<?xml version='1.0' encoding='windows-1252'?><a>\x80</a>" },
    { { "shift-jis.xml", true }, "<?xml version='1.0' encoding='Shift_JIS'?><a>\x82\xa0</a>" },
    { { "latin-9.xml", true }, "<?xml version='1.0' encoding='ISO-8859-15'?><a>\xa4</a>" },
    { { "from-the-network.xml", true },
      "<!DOCTYPE a SYSTEM 'http://127.0.0.1/a.dtd'><a/>" },
    { { "empty.xml", false }, "" },
    { { "text.xml", false }, "no XML" },
    { { "open.xml", false }, "<a><b></b>" },
    { { "crossed.xml", false }, "<a><b></a></b>" },
    { { "twice.xml", false }, "<a b='1' b='2'/>" },
    { { "two-roots.xml", false }, "<a/><a/>" },
    { { "no-utf8.xml", false }, "<a>\xff</a>" },
    { { "no-encoding.xml", false }, "<?xml version='1.0' encoding='no-such'?><a/>" },
    { { "no-entity.xml", false }, "<a>&nothing;</a>" },
    { { "no-namespace.xml", false }, "<x:a/>" },
    { { "endless-entity.xml", false }, "<!DOCTYPE a [<!ENTITY b '&b;'>]><a>&b;</a>" },
    { { "bomb.xml", false }, BOMB },
};

enum { DOCUMENTS = sizeof documents / sizeof documents[0] };

static char *nested(size_t depth)
{
    char *text = malloc(7 * depth + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    for (size_t i = 0; i < depth; i++) {
        memcpy(text + 3 * i, "<a>", 3);
        memcpy(text + 3 * depth + 4 * i, "</a>", 4);
    }
    text[7 * depth] = '\0';
    return text;
}

static void documents_are_judged_alike_in_each_sandbox(void)
{
    if (!vet_has("xml"))
        return;
    struct judged list[DOCUMENTS + 3] = { { "deep.xml", false }, { "less-deep.xml", true } };
    char *folder = folder_new();
    char *deep = nested(5000), *less_deep = nested(200);
    free(folder_write(folder, list[0].name, deep));
    free(folder_write(folder, list[1].name, less_deep));
    for (size_t i = 0; i < DOCUMENTS; i++) {
        list[i + 2] = documents[i].judged;
        free(folder_write(folder, documents[i].judged.name, documents[i].text));
    }
    list[DOCUMENTS + 2] = (struct judged) { NULL, false };
    check_verdicts("xml", folder, list);
    free(deep);
    free(less_deep);
    folder_remove(folder);
}

static void without_its_own_limits_a_parser_has_those_of_vet(void)
{
    if (!vet_has("xml-huge") || !vet_limits_memory())
        return;
    char *folder = folder_new();
    char *bomb = folder_write(folder, "bomb.xml", BOMB);
    json_t *document = VET_RUN_JSON(2, "-p", "xml-huge", "-l", "0.5", bomb);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "timed_out"), 1);
    json_decref(document);
    document = VET_RUN_JSON(1, "-p", "xml-huge", "-l", "60", "-m", "64", bomb);
    PROCSPAWN_CUNIT_EQUAL(vet_number(document, "rejected"), 1);
    json_decref(document);
    free(bomb);
    folder_remove(folder);
}

/* ---- archives ---- */

static void make_tar(struct made_file *file)
{
    made_file_tar_entry(file, "first", "one\n");
    made_file_tar_entry(file, "directory/second", "two\n");
    made_file_tar_entry(file, "../third", "three\n");
    made_file_tar_end(file);
}

static void make_tar_gz(struct made_file *file)
{
    struct made_file tar = { NULL, 0 };
    make_tar(&tar);
    made_file_gzip(file, &tar);
    made_file_free(&tar);
}

static void make_zip(struct made_file *file)
{
    made_file_zip(file, "na\xc3\xafve.txt", "stored\n");
}

static void make_mtree(struct made_file *file)
{
    static const char text[] = "#mtree\n./passwd type=file contents=/etc/passwd\n";
    made_file_add(file, text, sizeof text - 1);
}

static void make_nothing(struct made_file *file)
{
    (void)file;
}

static const struct {
    struct judged judged;
    void (*make)(struct made_file *);
    size_t at;
    unsigned char flip;
    bool cut;
} archives[] = {
    { { "good.tar", true }, make_tar, 0, 0, false },
    { { "good.tar.gz", true }, make_tar_gz, 0, 0, false },
    { { "good.zip", true }, make_zip, 0, 0, false },
    { { "empty", false }, make_nothing, 0, 0, false },
    { { "mtree", false }, make_mtree, 0, 0, false },
    { { "checksum.tar", false }, make_tar, 150, 0x04, false },
    { { "cut-in-padding.tar", false }, make_tar, 1538, 0, true },
    { { "cut-in-text.tar", false }, make_tar, 513, 0, true },
    { { "cut.tar.gz", false }, make_tar_gz, 700, 0, true },
    { { "block.tar.gz", false }, make_tar_gz, 10, 0x06, false },
    { { "checksum.zip", false }, make_zip, 41, 0x01, false },
    { { "cut.zip", false }, make_zip, 43, 0, true },
};

enum { ARCHIVES = sizeof archives / sizeof archives[0] };

static void archives_are_judged_alike_in_each_sandbox(void)
{
    if (!vet_has("archive"))
        return;
    struct judged list[ARCHIVES + 1];
    char *folder = folder_new();
    for (size_t i = 0; i < ARCHIVES; i++) {
        struct made_file file = { NULL, 0 };
        made_file_add(&file, "", 0);
        archives[i].make(&file);
        file.data[archives[i].at] ^= archives[i].flip;
        list[i] = archives[i].judged;
        free(folder_write_bytes(folder, list[i].name, file.data,
                                archives[i].cut ? archives[i].at : file.length));
        made_file_free(&file);
    }
    list[ARCHIVES] = (struct judged) { NULL, false };
    check_verdicts("archive", folder, list);
    folder_remove(folder);
}

static void json_is_judged_alike_in_each_sandbox(void)
{
    static const struct judged list[] = {
        { "good.json", true }, { "bad.json", false }, { NULL, false }
    };
    char *folder = folder_new();
    free(folder_write(folder, "good.json", "{\"a\": [1, 2.5, \"\xc3\xa9\"]}"));
    free(folder_write(folder, "bad.json", "{\"a\": "));
    check_verdicts("jansson", folder, list);
    check_verdicts("naive", folder, list);
    folder_remove(folder);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(json_is_judged_alike_in_each_sandbox),
    TEST(pictures_are_judged_alike_in_each_sandbox),
    TEST(documents_are_judged_alike_in_each_sandbox),
    TEST(without_its_own_limits_a_parser_has_those_of_vet),
    TEST(archives_are_judged_alike_in_each_sandbox),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "decoders", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
