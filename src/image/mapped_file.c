/*
 * mapped_file.c - the file mapped at an address, from /proc/self/maps
 */
#include "src/image/mapped_file.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line of /proc/self/maps. */
struct line {
    uint64_t start, end;
    struct procspawn__mapped mapped;
    int path;                   /* offset of the path in the line */
};

static bool parse(const char *text, struct line *ret_line)
{
    return sscanf(text, "%" SCNx64 "-%" SCNx64 " %*4s %*x %x:%x %" SCNu64 " %n", &ret_line->start,
                  &ret_line->end, &ret_line->mapped.major, &ret_line->mapped.minor,
                  &ret_line->mapped.inode, &ret_line->path) == 5;
}

/*
 * Finds the line whose mapping contains the address. False if there is none, or no file is mapped
 * there. The caller frees *text in both cases.
 */
static bool find(uint64_t address, char **text, struct line *ret_line)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    size_t room = 0;
    bool found = false;

    while (maps && !found && getline(text, &room, maps) > 0)
        found = parse(*text, ret_line) && address >= ret_line->start && address < ret_line->end;
    if (maps)
        fclose(maps);
    return found && ret_line->mapped.inode != 0;
}

bool procspawn__mapped_at(uint64_t address, struct procspawn__mapped *ret_mapped)
{
    struct line line;
    char *text = NULL;
    bool found = find(address, &text, &line);

    if (found)
        *ret_mapped = line.mapped;
    free(text);
    return found;
}

char *procspawn__mapped_path(uint64_t address)
{
    struct line line;
    char *text = NULL, *path = NULL;

    if (find(address, &text, &line) && text[line.path] == '/') {
        text[strcspn(text, "\n")] = '\0';
        path = strdup(text + line.path);
    }
    free(text);
    return path;
}
