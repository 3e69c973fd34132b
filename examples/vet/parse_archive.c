/*
 * parse_archive.c - libarchive as a parser for vet
 *
 * Every entry is unpacked to nowhere. The formats are those that libarchive unpacks by itself:
 * others start programs (lrzip, grzip) or read files that the archive names (mtree).
 */
#include "examples/vet/parser.h"

#include <archive.h>
#include <archive_entry.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*
 * Times of ZIP files are local ones: without TZ the C library looks at /etc/localtime each time.
 * Names come in other encodings than the program's.
 */
void prepare_archive(void)
{
    setenv("TZ", ":/etc/localtime", 0);
    tzset();
    iconv_t names = iconv_open("UTF-16LE", "UTF-8");
    if (names != (iconv_t)-1)
        iconv_close(names);
}

static void support(struct archive *archive)
{
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_compress(archive);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_lz4(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_format_7zip(archive);
    archive_read_support_format_ar(archive);
    archive_read_support_format_cpio(archive);
    archive_read_support_format_iso9660(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
}

static int skip_data(struct archive *archive)
{
    const void *block;
    size_t length;
    la_int64_t offset;
    int code;
    do
        code = archive_read_data_block(archive, &block, &length, &offset);
    while (code == ARCHIVE_OK);
    return code == ARCHIVE_EOF ? ARCHIVE_OK : code;
}

/* A header that libarchive warns of is read; data are not what they should be. */
static int read_entries(struct archive *archive)
{
    struct archive_entry *entry;
    int code;
    while ((code = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
           code == ARCHIVE_WARN) {
        code = skip_data(archive);
        if (code != ARCHIVE_OK)
            return code;
    }
    return code == ARCHIVE_EOF ? ARCHIVE_OK : code;
}

bool parse_archive(const char *text, size_t length, struct complaint *ret_complaint)
{
    struct archive *archive = archive_read_new();
    *ret_complaint = (struct complaint) { .message = "out of memory" };
    if (!archive)
        return false;
    support(archive);
    int code = archive_read_open_memory(archive, text, length);
    if (code == ARCHIVE_OK)
        code = read_entries(archive);
    if (code < ARCHIVE_OK && archive_error_string(archive))
        snprintf(ret_complaint->message, sizeof ret_complaint->message, "%s",
                 archive_error_string(archive));
    archive_read_free(archive);
    return code >= ARCHIVE_OK;
}
