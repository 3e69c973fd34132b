/*
 * mini_debug.c - decompresses .gnu_debugdata
 */
#include "src/crash/mini_debug.h"

#include "src/crash/elf_image.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum {
    COMPRESSED_MOST = 8 << 20,
    ROOM_FIRST = 1 << 18,
    ROOM_MOST = 16 << 20,
    DECODER_MEMORY = 16 << 20,
};

/* lzma_stream_buffer_decode and the values of lzma_ret, which are a part of liblzma.so.5. */
typedef int decode_function(uint64_t *memory_limit, uint32_t flags, const void *allocator,
                            const unsigned char *in, size_t *in_at, size_t in_size,
                            unsigned char *out, size_t *out_at, size_t out_size);
enum { DECODED = 0, ROOM_IS_SHORT = 10 };

/* dlsym returns an object pointer; POSIX guarantees that its bytes are the function's address. */
static decode_function *load(void)
{
    void *library = dlopen("liblzma.so.5", RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "lzma_stream_buffer_decode") : NULL;
    decode_function *function;

    memcpy(&function, &symbol, sizeof symbol);
    return function;
}

static unsigned char *decode_into(decode_function *decode, const unsigned char *bytes, size_t size,
                                  size_t room, int *ret_result, size_t *ret_size)
{
    uint64_t memory_limit = DECODER_MEMORY;
    unsigned char *decoded = malloc(room);
    size_t in_at = 0;

    *ret_size = 0;
    *ret_result = DECODED + 1;
    if (!decoded)
        return NULL;
    *ret_result = decode(&memory_limit, 0, NULL, bytes, &in_at, size, decoded, ret_size, room);
    if (*ret_result == DECODED)
        return decoded;
    free(decoded);
    return NULL;
}

/* The size is not known before. NULL: the bytes are broken, or it is too large. */
static unsigned char *decode(const unsigned char *bytes, size_t size, size_t *ret_size)
{
    static decode_function *function;
    unsigned char *decoded = NULL;
    int result = ROOM_IS_SHORT;

    if (!function)
        function = load();
    for (size_t room = ROOM_FIRST; function && result == ROOM_IS_SHORT && room <= ROOM_MOST;
         room *= 8)
        decoded = decode_into(function, bytes, size, room, &result, ret_size);
    return decoded;
}

static unsigned char *read_section(const struct module *module, int file, size_t *ret_size)
{
    struct elf_image image = {.fd = file};
    const ElfW(Shdr) *section = NULL;
    unsigned char *bytes = NULL;

    if (file < 0 || crash__elf_open(&image) != 0)
        return NULL;
    if (crash__elf_is_mapped(&image, module))
        section = crash__elf_section(&image, ".gnu_debugdata");
    if (section && section->sh_size <= COMPRESSED_MOST)
        bytes = crash__elf_copy(&image, section->sh_offset, section->sh_size);
    *ret_size = bytes ? section->sh_size : 0;
    crash__elf_close(&image);
    return bytes;
}

bool crash__mini_debug_read(struct mini_debug *ret_debug, const struct module *module, int file)
{
    size_t size, decoded_size;
    unsigned char *bytes = read_section(module, file, &size);

    *ret_debug = (struct mini_debug){.symbols.fd = -1};
    if (!bytes)
        return false;
    ret_debug->bytes = decode(bytes, size, &decoded_size);
    free(bytes);
    if (ret_debug->bytes && crash__symbols_read_bytes(&ret_debug->symbols, ret_debug->bytes,
                                                      decoded_size) == 0)
        return true;
    crash__mini_debug_free(ret_debug);
    return false;
}

void crash__mini_debug_free(struct mini_debug *debug)
{
    crash__symbols_free(&debug->symbols);
    free(debug->bytes);
    debug->bytes = NULL;
}
