#include "src/proc/mapped.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A line is longer than the buffer where the file's name is; what follows of it begins no range. */
bool procspawn__mapped_at(uint64_t address, struct procspawn__mapped *ret_mapped)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    struct procspawn__mapped mapped;
    uint64_t start, end;
    char line[160];
    bool found = false, whole = true;

    while (maps && !found && fgets(line, sizeof line, maps)) {
        found = whole &&
                sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %*x %x:%x %" SCNu64, &start, &end,
                       &mapped.major, &mapped.minor, &mapped.inode) == 5 &&
                address >= start && address < end;
        whole = strchr(line, '\n') != NULL;
    }
    if (maps)
        fclose(maps);
    found = found && mapped.inode != 0;
    if (found)
        *ret_mapped = mapped;
    return found;
}
