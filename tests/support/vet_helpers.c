/*
 * vet_helpers.c - runs examples/vet and reads its report
 */
#include "tests/support/vet_helpers.h"

#include "tests/support/subprocess.h"

#include <forkscope/cunit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16

char *vet_data(const char *below)
{
    const char *source = getenv("srcdir");
    char *path;
    CU_ASSERT_FATAL(asprintf(&path, "%s/examples/data%s", source ? source : ".", below) > 0);
    return path;
}

int vet_run(char **ret_out, const char *const *arguments)
{
    char *argv[ARGUMENTS_MAX] = { (char *)VET };
    struct program program;
    for (size_t i = 0; arguments[i]; i++)
        argv[i + 1] = (char *)arguments[i];
    if (!program_start(&program, argv, -1))
        return -1;
    int status = program_end(&program);
    if (ret_out)
        *ret_out = program.out;
    else
        free(program.out);
    return status;
}

bool vet_has(const char *parser)
{
    bool there = VET_RUN(NULL, "--parser", parser, "/no/such/file") == 1;
    if (!there)
        printf("skipped: vet was built without parser %s\n", parser);
    return there;
}

bool vet_limits_memory(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    puts("skipped: the sanitizer's memory counts, too");
    return false;
#else
    return true;
#endif
}

json_t *vet_run_json(int expected, const char *const *arguments)
{
    const char *all[ARGUMENTS_MAX] = { "--json" };
    char *out = NULL;
    json_error_t error;
    for (size_t i = 0; arguments[i]; i++)
        all[i + 1] = arguments[i];
    PROCSPAWN_CUNIT_EQUAL(vet_run(&out, all), expected);
    json_t *document = json_loads(out ? out : "", 0, &error);
    free(out);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    return document;
}

json_int_t vet_number(const json_t *document, const char *key)
{
    const json_t *value = json_object_get(json_object_get(document, "summary"), key);
    CU_ASSERT(json_is_integer(value));
    return json_integer_value(value);
}

const json_t *vet_entry(const json_t *document, const char *path)
{
    const json_t *found = NULL;
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(document, "files"), index, entry) {
        if (strcmp(json_string_value(json_object_get(entry, "path")), path) != 0)
            continue;
        CU_ASSERT_PTR_NULL(found);
        found = entry;
    }
    return found;
}

const char *vet_word(const json_t *entry, const char *key)
{
    const char *text = json_string_value(json_object_get(entry, key));
    return text ? text : "";
}

long long vet_line_number(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ' ')
            return atoll(line + length);
    }
    return -1;
}

char *folder_new(void)
{
    char *folder = strdup("/tmp/vet_test.XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    return folder;
}

void folder_remove(char *folder)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    PROCSPAWN_CUNIT_EQUAL(system(command), 0);
    free(folder);
}

char *folder_write_bytes(const char *folder, const char *name, const void *bytes, size_t length)
{
    char *path;
    CU_ASSERT_FATAL(asprintf(&path, "%s/%s", folder, name) > 0);
    FILE *stream = fopen(path, "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    CU_ASSERT(fwrite(bytes, 1, length, stream) == length);
    fclose(stream);
    return path;
}

char *folder_write(const char *folder, const char *name, const char *text)
{
    return folder_write_bytes(folder, name, text, strlen(text));
}

long folder_count(const char *folder)
{
    char command[4096];
    long count = -1;
    snprintf(command, sizeof command, "find '%s' ! -type d -printf x | wc -c", folder);
    FILE *stream = popen(command, "re");
    CU_ASSERT_FATAL(stream != NULL && fscanf(stream, "%ld", &count) == 1);
    pclose(stream);
    return count;
}
