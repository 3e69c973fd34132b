/*
 * places.h - functions, files and lines at an address of a module, by its debug information
 */
#ifndef FORKSCOPE_CUNIT_PLACES_H
#define FORKSCOPE_CUNIT_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "src/debug/dwarf.h"

/* All 0: nothing has been looked up. */
struct cunit_places {
    struct dwarf *dwarf;
    bool loaded;
    char path[512];             /* of the module that was asked for last */
    struct dwarf_file *file;    /* NULL: it has no debug information */
};

/* As debug__dwarf_places; 0 without libdw. The strings are valid until the next call. */
size_t procspawn__cunit_places_find(struct cunit_places *places, const char *path, uint64_t address,
                                    struct dwarf_place ret_places[DWARF_PLACES]);
void procspawn__cunit_places_close(struct cunit_places *places);

/* Writes the name as it is in the source: that of C++ translated. */
void procspawn__cunit_places_name(FILE *out, const char *symbol);

/* Writes the lines of the source around a place. Returns whether there are any. */
bool procspawn__cunit_places_source(FILE *out, const char *module, const struct dwarf_place *place);

#endif
