/*
 * naive.c - a small recursive JSON parser, as many programs have one
 *
 * It is quick, short, knows comments, and gets ordinary documents right. It also believes what it
 * reads: that nobody nests deeply, that a number fits into a line, that a comment has an end, that
 * escapes come a few at a time. Each of these has crashed or hung a program in the field. They are
 * kept here on purpose: this is the parser that nobody should trust, and that vet can run all the
 * same.
 */
#include "examples/vet/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NOTHING, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT };

struct value {
    enum kind kind;
    double number;              /* of a number; 0 or 1 of a boolean */
    char *string;
    struct member *members;     /* of an object; of an array without names */
    size_t count;
};

struct member {
    char *name;
    struct value *value;
};

struct reader {
    const char *start;
    const char *at;
    const char *message;        /* of the first failure */
};

/* A string that grows. */
struct text {
    char *data;
    size_t length;
    size_t room;
};

/* More bytes than the escapes in a row of any string need. */
#define ESCAPES_ROOM 1024

/* Members that are collected on the stack, since most arrays and objects are short. */
#define FEW 16

struct members {
    struct member few[FEW];
    struct member *all;
    size_t count;
    size_t room;
};

static struct value *read_value(struct reader *reader);

static void *fail(struct reader *reader, const char *message)
{
    if (!reader->message)
        reader->message = message;
    return NULL;
}

static struct value *new_value(struct reader *reader, enum kind kind)
{
    struct value *value = calloc(1, sizeof *value);
    if (!value)
        return fail(reader, "out of memory");
    value->kind = kind;
    return value;
}

static void free_value(struct value *value)
{
    if (!value)
        return;
    for (size_t i = 0; i < value->count; i++) {
        free(value->members[i].name);
        free_value(value->members[i].value);
    }
    free(value->members);
    free(value->string);
    free(value);
}

static void skip_comment(struct reader *reader)
{
    if (reader->at[1] == '/') {
        reader->at += strcspn(reader->at, "\n");
    } else if (reader->at[1] == '*') {
        const char *end = strstr(reader->at + 2, "*/");
        if (end)
            reader->at = end + 2;
    }
}

static void skip_space(struct reader *reader)
{
    for (;;) {
        reader->at += strspn(reader->at, " \t\r\n");
        if (*reader->at != '/')
            return;
        skip_comment(reader);
    }
}

static bool reserve(struct text *text, size_t more)
{
    if (text->length + more <= text->room)
        return true;
    size_t room = 2 * text->room + more;
    char *data = realloc(text->data, room);
    if (!data)
        return false;
    text->data = data;
    text->room = room;
    return true;
}

static void append_utf8(struct text *text, unsigned code)
{
    char *to = text->data + text->length;
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    text->length = (size_t)(to - text->data);
}

/* Reads the four digits of \uXXXX, or gives -1. */
static int read_hex(struct reader *reader)
{
    char digits[5] = "";
    memcpy(digits, reader->at, strnlen(reader->at, 4));
    if (strspn(digits, "0123456789abcdefABCDEF") != 4)
        return -1;
    reader->at += 4;
    return (int)strtol(digits, NULL, 16);
}

/* Reads what follows \u, of a surrogate pair both halves. */
static int read_code(struct reader *reader)
{
    int code = read_hex(reader);
    if (code < 0xd800 || code > 0xdbff || reader->at[0] != '\\' || reader->at[1] != 'u')
        return code;
    reader->at += 2;
    int low = read_hex(reader);
    return low < 0 ? low : 0x10000 + ((code - 0xd800) << 10) + (low & 0x3ff);
}

static bool read_escape(struct reader *reader, struct text *text)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    reader->at++;
    const char *letter = *reader->at ? strchr(letters, *reader->at) : NULL;
    if (letter) {
        reader->at++;
        text->data[text->length++] = meanings[letter - letters];
        return true;
    }
    if (*reader->at != 'u')
        return fail(reader, "unknown escape") != NULL;
    reader->at++;
    int code = read_code(reader);
    if (code < 0)
        return fail(reader, "four hexadecimal digits expected") != NULL;
    append_utf8(text, (unsigned)code);
    return true;
}

/*
 * Reads what stands between two quotes, piece by piece: plain characters, then the escapes in a
 * row.
 */
static bool read_pieces(struct reader *reader, struct text *text)
{
    while (*reader->at != '"') {
        size_t plain = strcspn(reader->at, "\"\\\n");
        if (!reserve(text, plain + ESCAPES_ROOM))
            return fail(reader, "out of memory") != NULL;
        memcpy(text->data + text->length, reader->at, plain);
        text->length += plain;
        reader->at += plain;
        if (*reader->at == '\0' || *reader->at == '\n')
            return fail(reader, "string without an end") != NULL;
        while (*reader->at == '\\')
            if (!read_escape(reader, text))
                return false;
    }
    return true;
}

static char *read_string(struct reader *reader)
{
    struct text text = { NULL, 0, 0 };
    reader->at++;
    if (!read_pieces(reader, &text) || !reserve(&text, 1)) {
        free(text.data);
        return fail(reader, "out of memory");
    }
    reader->at++;
    text.data[text.length] = '\0';
    return text.data;
}

static struct value *read_number(struct reader *reader)
{
    char digits[64];
    size_t length = strspn(reader->at, "+-.0123456789eE");
    memcpy(digits, reader->at, length);
    digits[length] = '\0';

    char *end;
    double number = strtod(digits, &end);
    if (*end != '\0')
        return fail(reader, "malformed number");
    reader->at += length;
    struct value *value = new_value(reader, NUMBER);
    if (value)
        value->number = number;
    return value;
}

static struct value *read_word(struct reader *reader)
{
    static const struct {
        const char *word;
        enum kind kind;
        double number;
    } words[] = { { "null", NOTHING, 0 }, { "true", BOOLEAN, 1 }, { "false", BOOLEAN, 0 } };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].word);
        if (strncmp(reader->at, words[i].word, length) != 0)
            continue;
        struct value *value = new_value(reader, words[i].kind);
        if (value)
            value->number = words[i].number;
        reader->at += length;
        return value;
    }
    return fail(reader, "value expected");
}

static bool add_member(struct members *members, char *name, struct value *value)
{
    if (members->count == members->room) {
        struct member *old = members->all == members->few ? NULL : members->all;
        struct member *all = realloc(old, 2 * members->room * sizeof *all);
        if (!all)
            return false;
        if (!old)
            memcpy(all, members->few, sizeof members->few);
        members->all = all;
        members->room *= 2;
    }
    members->all[members->count++] = (struct member) { name, value };
    return true;
}

static void free_members(struct members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        free(members->all[i].name);
        free_value(members->all[i].value);
    }
    if (members->all != members->few)
        free(members->all);
}

/* Reads "name": of an object. */
static char *read_name(struct reader *reader)
{
    skip_space(reader);
    if (*reader->at != '"')
        return fail(reader, "name expected");
    char *name = read_string(reader);
    if (!name)
        return NULL;
    skip_space(reader);
    if (*reader->at != ':') {
        free(name);
        return fail(reader, "':' expected");
    }
    reader->at++;
    return name;
}

static bool read_member(struct reader *reader, enum kind kind, struct members *members)
{
    char *name = kind == OBJECT ? read_name(reader) : NULL;
    if (kind == OBJECT && !name)
        return false;
    struct value *value = read_value(reader);
    if (value && add_member(members, name, value))
        return true;
    free(name);
    free_value(value);
    return fail(reader, "out of memory") != NULL;
}

static bool read_members(struct reader *reader, enum kind kind, struct members *members)
{
    char close = kind == OBJECT ? '}' : ']';
    reader->at++;
    skip_space(reader);
    if (*reader->at == close) {
        reader->at++;
        return true;
    }
    for (;;) {
        if (!read_member(reader, kind, members))
            return false;
        skip_space(reader);
        char next = *reader->at;
        if (next != ',' && next != close)
            return fail(reader, close == '}' ? "',' or '}' expected"
                                             : "',' or ']' expected") != NULL;
        reader->at++;
        if (next == close)
            return true;
    }
}

static struct value *read_collection(struct reader *reader, enum kind kind)
{
    struct members members = { .all = members.few, .room = FEW };
    struct value *value = NULL;
    if (read_members(reader, kind, &members))
        value = new_value(reader, kind);
    if (!value) {
        free_members(&members);
        return NULL;
    }
    value->count = members.count;
    value->members = members.all;
    if (members.all == members.few) {
        value->members = malloc(sizeof members.few);
        if (!value->members) {
            value->count = 0;
            free_value(value);
            free_members(&members);
            return fail(reader, "out of memory");
        }
        memcpy(value->members, members.few, members.count * sizeof members.few[0]);
    }
    return value;
}

static struct value *read_value(struct reader *reader)
{
    skip_space(reader);
    switch (*reader->at) {
    case '[':
        return read_collection(reader, ARRAY);
    case '{':
        return read_collection(reader, OBJECT);
    case '"': {
        char *string = read_string(reader);
        struct value *value = string ? new_value(reader, STRING) : NULL;
        if (value)
            value->string = string;
        else
            free(string);
        return value;
    }
    case '-': case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        return read_number(reader);
    default:
        return read_word(reader);
    }
}

static void complain(const struct reader *reader, struct complaint *ret_complaint)
{
    ret_complaint->line = 1;
    ret_complaint->column = 1;
    for (const char *c = reader->start; c < reader->at; c++) {
        if (*c == '\n') {
            ret_complaint->line++;
            ret_complaint->column = 1;
        } else if ((*c & 0xc0) != 0x80) {
            ret_complaint->column++;
        }
    }
    snprintf(ret_complaint->message, sizeof ret_complaint->message, "%s", reader->message);
}

bool parse_naive(const char *text, size_t length, struct complaint *ret_complaint)
{
    struct reader reader = { text, text, NULL };
    struct value *value = read_value(&reader);
    if (value) {
        skip_space(&reader);
        if (reader.at != text + length)
            fail(&reader, "end of the document expected");
    }
    free_value(value);
    if (!reader.message)
        return true;
    complain(&reader, ret_complaint);
    return false;
}
