/*
 * mapped_file.c - the file mapped at an address, from /proc/self/maps
 */
#include "src/image/mapped_file.h"

#include "src/base/maps.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Finds the mapping that contains the address. False if there is none, or no file is mapped there.
 * The path is in *line, which the caller frees in both cases.
 */
static bool find(uint64_t address, char **line, struct mapping *ret_mapping)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    size_t room = 0;
    bool found = false;

    while (maps && !found && getline(line, &room, maps) > 0)
        found = base__maps_line(*line, strcspn(*line, "\n"), ret_mapping) &&
                address >= ret_mapping->start && address < ret_mapping->end;
    if (maps)
        fclose(maps);
    return found && ret_mapping->inode != 0;
}

bool procspawn__mapped_at(uint64_t address, struct procspawn__mapped *ret_mapped)
{
    struct mapping mapping;
    char *line = NULL;
    bool found = find(address, &line, &mapping);

    if (found)
        *ret_mapped = (struct procspawn__mapped){ mapping.major, mapping.minor, mapping.inode };
    free(line);
    return found;
}

char *procspawn__mapped_path(uint64_t address)
{
    struct mapping mapping;
    char *line = NULL, *path = NULL;

    if (find(address, &line, &mapping) && mapping.path[0] == '/')
        path = strndup(mapping.path, mapping.path_length);
    free(line);
    return path;
}
