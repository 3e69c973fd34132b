/*
 * places.c - looks up addresses in debug information
 */
#include "src/cunit/places.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "src/cunit/clock.h"
#include "src/debug/demangle.h"
#include "src/debug/source.h"

static struct dwarf *load_once(struct cunit_places *places)
{
    if (!places->loaded &&
        debug__dwarf_new(&places->dwarf, procspawn__cunit_now() + 2 * CUNIT_SECOND) < 0)
        places->dwarf = NULL;
    places->loaded = true;
    return places->dwarf;
}

static void close_file(struct cunit_places *places)
{
    if (places->file)
        debug__dwarf_close(places->file);
    places->file = NULL;
}

/* Stacks mostly stay in one module. */
static struct dwarf_file *file_of(struct cunit_places *places, const char *path)
{
    int fd;

    if (strcmp(places->path, path) == 0)
        return places->file;
    close_file(places);
    snprintf(places->path, sizeof(places->path), "%s", path);
    if (!load_once(places))
        return NULL;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        places->file = debug__dwarf_open(places->dwarf, fd);
    return places->file;
}

size_t procspawn__cunit_places_find(struct cunit_places *places, const char *path, uint64_t address,
                                    struct dwarf_place ret_places[DWARF_PLACES])
{
    struct dwarf_file *file = file_of(places, path);

    return file ? debug__dwarf_places(file, address, ret_places) : 0;
}

void procspawn__cunit_places_close(struct cunit_places *places)
{
    close_file(places);
    debug__dwarf_free(places->dwarf);
    *places = (struct cunit_places){ 0 };
}

void procspawn__cunit_places_name(FILE *out, const char *symbol)
{
    char name[DEMANGLE_NAME];

    fputs(debug__demangle(symbol, name) ? name : symbol, out);
}

/* A source that is newer than the module is not the one that was compiled. */
bool procspawn__cunit_places_source(FILE *out, const char *module, const struct dwarf_place *place)
{
    char path[PATH_MAX];
    struct stat about;
    struct source source;
    size_t count;

    if (!place->file || stat(module, &about) != 0)
        return false;
    if (place->file[0] == '/' || !place->folder)
        snprintf(path, sizeof(path), "%s", place->file);
    else
        snprintf(path, sizeof(path), "%s/%s", place->folder, place->file);
    count = debug__source_read(&source, path, place->line, &about.st_mtim);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "           %c %4u  %s\n", source.first + i == place->line ? '>' : ' ',
                (unsigned)(source.first + i), source.text[i]);
    return count > 0;
}
