/*
 * dwarf_fuzz.c - any bytes as a file with debug information, read through libdw as a report does
 *
 * libdw was not written for hostile bytes. A fault in its code costs a report its files and lines
 * and nothing else (src/base/guard.h), so here it ends the input. A fault in the library's code is
 * a finding, and so is a place that is none.
 */
#include "tests/fuzz/fuzz.h"

#include "src/base/clock.h"
#include "src/crash/symbols.h"
#include "src/debug/dwarf.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

void __lsan_disable(void);
void __lsan_enable(void);

static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE };
static struct sigaction before[NSIG];
static sigjmp_buf input_ends;
static volatile sig_atomic_t reading;
static int given = -1;

static uintptr_t place_of(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#else
    return (uintptr_t)context->uc_mcontext.pc;
#endif
}

static bool is_of_libdw(uintptr_t place)
{
    Dl_info info;

    return dladdr((void *)place, &info) != 0 &&
           (strstr(info.dli_fname, "/libdw") || strstr(info.dli_fname, "/libelf"));
}

/* A fault that is not libdw's comes again, and is what it was before. */
static void on_fault(int signo, siginfo_t *info, void *context)
{
    (void)info;
    if (reading && is_of_libdw(place_of(context)))
        siglongjmp(input_ends, 1);
    sigaction(signo, &before[signo], NULL);
}

/* The library stays loaded, whatever a look-up closes. */
static void prepare(void)
{
    const struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    static bool prepared;
    struct dwarf *dwarf;

    if (prepared)
        return;
    prepared = true;
    __lsan_disable();
    (void)debug__dwarf_new(&dwarf, BASE_NEVER);
    __lsan_enable();
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigaction(faults[i], &action, &before[faults[i]]);
}

static void check_text(const char *text)
{
    fuzz_check(!text || strlen(text) < 1 << 20);
}

static void look_up(struct dwarf_file *file, uint64_t address)
{
    struct dwarf_place places[DWARF_PLACES];
    size_t count = debug__dwarf_places(file, address, places);

    fuzz_check(count <= DWARF_PLACES);
    for (size_t i = 0; i < count; i++) {
        check_text(places[i].function);
        check_text(places[i].folder);
        check_text(places[i].file);
        fuzz_check(places[i].line == 0 || places[i].file);
    }
}

static void look_up_functions(struct dwarf_file *file, const uint8_t *bytes, size_t size)
{
    struct symbols symbols;

    look_up(file, 0x1000);
    if (crash__symbols_read_bytes(&symbols, bytes, size) == 0)
        for (size_t i = 0; i < symbols.count && i < 8; i++)
            for (uint64_t byte = 0; byte < 32; byte += 5)
                look_up(file, symbols.symbol[i].st_value + byte);
    crash__symbols_free(&symbols);
}

/* What libdw had when it failed is lost, and so is what was opened for it. */
static void read_information(const uint8_t *bytes, size_t size)
{
    struct dwarf *dwarf;

    if (debug__dwarf_new(&dwarf, base__deadline(BASE_SECOND)) != 0)
        return;
    struct dwarf_file *file = debug__dwarf_open(dwarf, dup(given));
    if (file)
        look_up_functions(file, bytes, size);
    debug__dwarf_close(file);
    debug__dwarf_free(dwarf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    prepare();
    given = fuzz_open(5, bytes, size);
    __lsan_disable();
    if (sigsetjmp(input_ends, 1) == 0) {
        reading = 1;
        read_information(bytes, size);
    } else {
        closefrom(given + 1);
    }
    reading = 0;
    __lsan_enable();
    close(given);
    return 0;
}
