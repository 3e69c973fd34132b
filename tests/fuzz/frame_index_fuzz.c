/*
 * frame_index_fuzz.c - any bytes as an .eh_frame section
 */
#include "tests/fuzz/fuzz.h"

#include "src/crash/frame_index.h"
#include "src/crash/remote_memory.h"

#include <unistd.h>

static struct memory memory;

/* A file's offsets are the addresses: it stands for /proc/PID/mem. */
static void fill_memory(const struct fuzz_input *input)
{
    uint64_t end = (input->left + MEMORY_PAGE - 1) / MEMORY_PAGE * MEMORY_PAGE;

    memory.fd = fuzz_open(5, "", 0);
    fuzz_check(ftruncate(memory.fd, (off_t)end) == 0 &&
               pwrite(memory.fd, input->bytes, input->left, 0) == (ssize_t)input->left);
    for (size_t i = 0; i < MEMORY_PAGES; i++)
        memory.address[i] = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = { bytes, size };
    struct frame_index index;

    fuzz_note_descriptors();
    fill_memory(&input);
    if (crash__frame_index_read(&index, &memory, 0, size) == 0) {
        fuzz_check(index.count > 0 && index.count <= size / 16 + 1);
        for (size_t i = 0; i < index.count; i++) {
            fuzz_check((size_t)index.entry[i].description < size);
            fuzz_check(i == 0 || index.entry[i].start >= index.entry[i - 1].start);
        }
        crash__frame_index_free(&index);
    }
    crash__memory_close(&memory);
    fuzz_check_descriptors();
    return 0;
}
