/*
 * walk_fuzz.c - a stack walk from any registers through any memory: one module is code, unwind
 * tables and stack
 */
#include "tests/fuzz/fuzz.h"

#include "src/crash/walk.h"
#include "src/base/clock.h"
#include "src/crash/backtrace.h"
#include "src/crash/cfi.h"
#include "src/crash/machine.h"
#include "src/crash/modules.h"
#include "src/crash/remote_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { START = 0x10000 };

static struct memory memory;
static struct modules modules;

/* A file's offsets are the addresses: it stands for /proc/PID/mem. Returns where it ends. */
static uint64_t fill_memory(struct fuzz_input *input)
{
    uint64_t end = START + (input->left + MEMORY_PAGE - 1) / MEMORY_PAGE * MEMORY_PAGE;

    memory.fd = fuzz_open(5, "", 0);
    fuzz_check(ftruncate(memory.fd, (off_t)end) == 0 &&
               pwrite(memory.fd, input->bytes, input->left, START) == (ssize_t)input->left);
    for (size_t i = 0; i < MEMORY_PAGES; i++)
        memory.address[i] = 1;
    return end;
}

static void find_modules(uint64_t end)
{
    char *text = malloc(128);

    snprintf(text, 128, "%x-%llx rwxp 00000000 00:00 1 /module\n", START, (unsigned long long)end);
    fuzz_check(crash__mappings_parse(&modules.mappings, text) == 0);
    fuzz_check(crash__modules_find(&modules, &memory, NULL) == 0);
}

/* Most of them lie inside. */
static void choose_registers(struct fuzz_input *input, struct registers *registers)
{
    for (size_t i = 0; i < MACHINE_REGISTERS; i++) {
        uint64_t value = fuzz_u8(input);

        value |= (uint64_t)fuzz_u8(input) << 8;
        registers->value[i] = i % 5 == 4 ? value * 0x10001 : START + value;
    }
}

static void check_stack(const struct stack *stack)
{
    fuzz_check(stack->count >= 1 && stack->count <= BACKTRACE_FRAMES);
    for (size_t i = 0; i < stack->count; i++)
        fuzz_check(stack->step[i].found < BACKTRACE_FOUNDS);
}

static void walk(const struct registers *registers, struct cfi *by)
{
    static struct stack stack;
    const struct walk walk = { .memory = &memory, .modules = &modules, .cfi = by,
                               .deadline = BASE_NEVER };

    crash__walk(&walk, registers, &stack);
    check_stack(&stack);
}

/* After a fault libunwind is not called again, so what it holds is lost, with the process. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:create_addr_space\n";
}

/* The library stays: it opens a pipe whenever it is loaded. */
static void load_libunwind(void)
{
    static struct cfi *loaded;

    if (!loaded)
        fuzz_check(crash__cfi_new(&loaded, &memory, &modules, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = { bytes, size };
    struct cfi *cfi;
    struct registers registers;

    load_libunwind();
    fuzz_note_descriptors();
    choose_registers(&input, &registers);
    if (input.left == 0)
        return 0;
    find_modules(fill_memory(&input));
    fuzz_check(crash__cfi_new(&cfi, &memory, &modules, NULL) == 0);
    walk(&registers, cfi);
    walk(&registers, NULL);
    crash__cfi_free(cfi);
    crash__modules_free(&modules);
    crash__memory_close(&memory);
    fuzz_check_descriptors();
    return 0;
}
