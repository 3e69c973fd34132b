/*
 * debug_link.c - looks for debug files in the places where debuggers look
 */
#include "src/crash/debug_link.h"

#include "src/crash/elf_image.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    NAME_LIMIT = 256,
    CHECKED_MOST = 8 << 20,    /* bytes of a debug file without build-id: threads are stopped */
    CHECKED_AT_ONCE = 65536,
};

struct link {
    char name[NAME_LIMIT];    /* of a file, without folders */
    uint32_t sum;
};

static bool read_link(int file, struct link *ret_link)
{
    struct elf_image image = {.fd = file};
    const ElfW(Shdr) *section = NULL;
    size_t sum_at;
    bool good = false;

    if (file < 0 || crash__elf_open(&image) != 0)
        return false;
    section = crash__elf_section(&image, ".gnu_debuglink");
    memset(ret_link->name, 0, sizeof ret_link->name);
    if (section && section->sh_size >= 8 && section->sh_size < sizeof ret_link->name &&
        crash__elf_read(&image, section->sh_offset, ret_link->name, section->sh_size) == 0) {
        sum_at = (strlen(ret_link->name) + 4) / 4 * 4;
        good = sum_at + sizeof ret_link->sum <= section->sh_size && ret_link->name[0] &&
               !strchr(ret_link->name, '/');
        if (good)
            memcpy(&ret_link->sum, ret_link->name + sum_at, sizeof ret_link->sum);
    }
    crash__elf_close(&image);
    return good;
}

static void make_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? UINT32_C(0xedb88320) : 0);
    }
}

/* The CRC-32 of Ethernet and zip. */
static uint32_t add_to_sum(uint32_t sum, const unsigned char *bytes, size_t size)
{
    static uint32_t table[256];

    if (table[1] == 0)
        make_table(table);
    for (size_t i = 0; i < size; i++)
        sum = sum >> 8 ^ table[(sum ^ bytes[i]) & 0xff];
    return sum;
}

static bool has_sum(int fd, uint32_t wanted)
{
    static unsigned char bytes[CHECKED_AT_ONCE];
    uint32_t sum = UINT32_MAX;
    off_t at = 0;
    ssize_t got;

    while (at <= CHECKED_MOST && (got = pread(fd, bytes, sizeof bytes, at)) > 0) {
        sum = add_to_sum(sum, bytes, (size_t)got);
        at += got;
    }
    return at > 0 && at <= CHECKED_MOST && ~sum == wanted;
}

static bool is_wanted(int fd, const struct module *module, const struct link *link)
{
    struct elf_image image = {.fd = fd};
    bool same;

    if (module->build_id_size == 0)
        return link && has_sum(fd, link->sum);
    if (crash__elf_open(&image) != 0)
        return false;
    same = crash__elf_has_build_id(&image, module);
    crash__elf_close(&image);
    return same;
}

/* The descriptor, if it is the wanted file; else it is closed. */
static int wanted(int fd, const struct module *module, const struct link *link)
{
    if (fd < 0 || is_wanted(fd, module, link))
        return fd;
    close(fd);
    return -1;
}

static int open_by_build_id(const struct module *module)
{
    char path[64 + 2 * MODULE_BUILD_ID] = "/usr/lib/debug/.build-id/";
    size_t length = strlen(path);

    if (module->build_id_size < 2)
        return -1;
    for (size_t i = 0; i < module->build_id_size; i++)
        length += (size_t)sprintf(path + length, i == 0 ? "%02x/" : "%02x", module->build_id[i]);
    strcpy(path + length, ".debug");
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int open_by_name(const struct module *module, const struct link *link,
                        debug_link_opener *open_beside)
{
    static const char *const forms[] = {
        "%.*s/%s", "%.*s/.debug/%s", "/usr/lib/debug%.*s/%s",
    };
    const char *slash = strrchr(module->path, '/');
    char path[PATH_MAX];
    int fd = -1;

    for (size_t i = 0; fd < 0 && slash && i < sizeof forms / sizeof *forms; i++) {
        int length = snprintf(path, sizeof path, forms[i], (int)(slash - module->path),
                              module->path, link->name);

        if (length < (int)sizeof path && strcmp(path, module->path) != 0)
            fd = wanted(open_beside(path), module, link);
    }
    return fd;
}

int crash__debug_link_open(const struct module *module, int file, debug_link_opener *open_beside)
{
    struct link link;
    int fd = wanted(open_by_build_id(module), module, NULL);

    if (fd < 0 && read_link(file, &link))
        fd = open_by_name(module, &link, open_beside);
    return fd;
}
