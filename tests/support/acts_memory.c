/*
 * acts_memory.c - acts that change the memory of a process, and what libraries keep in it
 */
#include "tests/support/acts.h"

#include <dlfcn.h>
#include <errno.h>
#include <forkscope/procspawn.h>
#include <getopt.h>
#include <jansson.h>
#include <libintl.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

enum { PAGE = 4096, MIB = 1 << 20 };

static int zeroed;
static int initialised = 7;
static char pages[8 * PAGE] __attribute__((aligned(PAGE)));
static char many[4 * MIB];
static const char *constant = "constant";
static __thread int per_thread = 3;
static pthread_key_t key;
static char *block, *large_block;
static char name[64] = "name of the program";
static char variable[] = "ACTS_PUT=before";

void acts_prepare(void)
{
    acts_prepare_small();
    block = strdup("block");
    large_block = malloc(MIB);
    memset(large_block, 5, MIB);
    pthread_key_create(&key, NULL);
    setenv("ACTS_SET", "before", 1);
    putenv(variable);
    memset(pages, 1, sizeof pages);
    srand(1);
    srandom(1);
    srand48(1);
}

static void write_zeroed(void) { zeroed = 1; }
static long see_zeroed(void) { return zeroed; }
static void write_initialised(void) { initialised = 8; }
static long see_initialised(void) { return initialised; }
static void write_many(void) { memset(many, 1, sizeof many); }

static long see_many(void)
{
    long sum = 0;

    for (size_t i = 0; i < sizeof many; i += PAGE)
        sum += many[i];
    return sum;
}

static void write_pointer(void) { constant = NULL; }
static long see_pointer(void) { return constant ? constant[0] : -1; }
static void write_thread_local(void) { per_thread = 4; }
static long see_thread_local(void) { return per_thread; }
static void set_specific(void) { pthread_setspecific(key, &zeroed); }
static long see_specific(void) { return pthread_getspecific(key) != NULL; }
static void write_block(void) { block[0] = 'c'; }
static long see_block(void) { return block[0]; }
static void free_block(void) { free(block); }
static void leak(void) { zeroed += !malloc(300); }
static long see_used(void) { return (long)mallinfo2().uordblks; }
static void leak_large(void) { memset(malloc(64 * MIB), 1, MIB); }
static void free_large(void) { free(large_block); }

/* The new block takes the addresses of the old one. */
static void exchange_large(void)
{
    free(large_block);
    zeroed = malloc(MIB) != NULL;
}

/* Of the same size, so that the amounts of memory do not tell. */
static char *const elsewhere = (char *)0x600000000000;

static void move_large(void)
{
    munmap(large_block - 16, MIB + PAGE);
    mmap(elsewhere, MIB + PAGE, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static long see_elsewhere(void) { return msync(elsewhere, PAGE, MS_ASYNC); }

static long see_large(void) { return large_block[0] + large_block[MIB / 2] + large_block[MIB - 1]; }
static void grow_heap(void) { zeroed += sbrk(64 * PAGE) == (void *)-1; }
static long see_break(void) { return (long)((uintptr_t)sbrk(0) & 0xffffff); }

/* More is freed at the end of the heap than the C library keeps. */
static void trim_heap(void)
{
    void *piece[64];

    for (int i = 0; i < 64; i++)
        piece[i] = malloc(64 * 1024);
    for (int i = 0; i < 64; i++)
        free(piece[i]);
    malloc_trim(0);
}

static void map_memory(void)
{
    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void map_shared(void)
{
    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void map_nothing(void) { mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
static void protect_page(void) { mprotect(pages + PAGE, PAGE, PROT_READ); }
static void unmap_page(void) { munmap(pages + 2 * PAGE, PAGE); }

static void exchange_page(void)
{
    mmap(pages + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
         -1, 0);
}

static void forget_page(void) { madvise(pages + 4 * PAGE, PAGE, MADV_DONTNEED); }
static void move_page(void) { mremap(pages + 5 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                                     pages + 6 * PAGE); }
enum { GUARD_INSTALL = 102, MSEAL = 462 };     /* of newer kernels than the headers may be */
static void guard_page(void) { madvise(pages + 7 * PAGE, PAGE, GUARD_INSTALL); }

static void seal_mapping(void)
{
    void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    syscall(MSEAL, memory, (size_t)PAGE, 0);
}

static void seal_page(void)
{
    mprotect(pages + 3 * PAGE, PAGE, PROT_READ);
    syscall(MSEAL, pages + 3 * PAGE, (size_t)PAGE, 0);
}

static void share_page(void)
{
    mmap(pages + 7 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
         0);
}

/* Read through the kernel, for which no access is a crash. */
static long see_pages(void)
{
    int ends[2];
    long sum = 0;

    if (pipe(ends) < 0)
        return -1;
    for (size_t i = 0; i < sizeof pages; i += PAGE) {
        char byte = 0;
        sum = sum * 3 + (write(ends[1], pages + i, 1) == 1 && read(ends[0], &byte, 1) == 1);
        sum += byte;
    }
    sum = sum * 3 + (write(ends[1], "x", 1) == 1 && read(ends[0], pages + PAGE, 1) == 1);
    pages[PAGE] = 1;
    close(ends[0]);
    close(ends[1]);
    return sum;
}

/* Without the write of see_pages, which a page without rights does not allow. */
static long see_pages_only(void)
{
    int ends[2];
    long sum = 0;

    if (pipe(ends) < 0)
        return -1;
    for (size_t i = 0; i < sizeof pages; i += PAGE) {
        char byte = 0;
        sum = sum * 3 + (write(ends[1], pages + i, 1) == 1 && read(ends[0], &byte, 1) == 1);
        sum += byte;
    }
    close(ends[0]);
    close(ends[1]);
    return sum;
}

static void unprotect_constants(void)
{
    uintptr_t page = (uintptr_t)"constant" / PAGE * PAGE;
    mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
}

static void unprotect_code(void)
{
    uintptr_t page = (uintptr_t)unprotect_code / PAGE * PAGE;
    mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void set_variable(void) { setenv("ACTS_SET", "after", 1); }
static void unset_variable(void) { unsetenv("ACTS_SET"); }
static void clear_environment(void) { clearenv(); }
static void write_variable(void) { memcpy(variable + 9, "change", 6); }

static long see_environment(void)
{
    const char *set = getenv("ACTS_SET"), *put = getenv("ACTS_PUT");
    return (set ? set[0] : 0) * 1000 + (put ? put[0] : 0);
}

static void write_name(void) { name[0] = 'N'; }
static long see_name(void) { return name[0]; }

static void set_locale(void) { setlocale(LC_ALL, "C.UTF-8"); }
static long see_locale(void) { return setlocale(LC_ALL, NULL)[1]; }
static void set_zone(void) { setenv("TZ", "XYZ-5", 1); tzset(); }
static long see_zone(void) { return timezone; }

/* The generators' states are seen by their next number, which is then put back. */
static void use_rand(void) { zeroed += rand() & 0; }

static long see_rand(void)
{
    char *state = initstate(1, (char[64]){ 0 }, 64);
    setstate(state);
    return state[4];
}

static void use_rand48(void) { zeroed += (int)lrand48() & 0; }

static long see_rand48(void)
{
    unsigned short other[3] = { 0, 0, 0 };
    unsigned short *was = seed48(other);
    long seen = was[0] + 7 * was[1];
    unsigned short back[3] = { was[0], was[1], was[2] };
    seed48(back);
    return seen;
}

static void set_options(void) { optind = 9; }
static long see_options(void) { return optind; }
static void make_table(void) { hcreate(10); }
static long see_table(void) { return hcreate(10) ? (hdestroy(), 1) : 0; }
static void buffer_output(void) { setvbuf(stdout, NULL, _IOFBF, 1 << 16); }
static long see_buffer(void) { return (long)__fbufsize(stdout); }
static void widen(void) { fwide(stderr, 1); }
static long see_width(void) { return fwide(stderr, 0) > 0; }
static void leave_stream(void) { ungetc('x', stdin); }
static long see_stream(void) { return (long)__freading(stdin) + (stdin->_flags & _IO_ERR_SEEN); }
static void set_domain(void) { textdomain("acts"); }
static long see_domain(void) { return textdomain(NULL)[0]; }
static void load_library(void) { dlopen("libm.so.6", RTLD_NOW); }

static long see_library(void)
{
    void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_NOLOAD);
    if (library)
        dlclose(library);
    return library != NULL;
}

static void *get_memory(size_t size) { return malloc(size + 8); }
static void replace_functions(void) { json_set_alloc_funcs(get_memory, free); }

static long see_jansson(void)
{
    json_malloc_t allocate;
    json_get_alloc_funcs(&allocate, NULL);
    return allocate == get_memory;
}

static void set_error(void) { errno = ENOTTY; }
static long see_error(void) { return 0; }
static void tune_malloc(void) { mallopt(M_MMAP_THRESHOLD, 1 << 12); }

static long see_malloc(void)
{
    long before = acts_mappings();
    void *piece = malloc(20000);
    long after = acts_mappings();
    free(piece);
    return after - before;
}

static void fill_stack(void)
{
    volatile char deep[512 * 1024];

    for (size_t i = 0; i < sizeof deep; i += 64)
        deep[i] = 0x5a;
}

/* Finds what was left below, without writing there before. */
static long __attribute__((noinline)) see_stack(void)
{
    const char *here = __builtin_frame_address(0);
    long found = 0;

    for (size_t i = 64 * 1024; i < 480 * 1024; i += 64)
        found += *(volatile const char *)(here - i) == 0x5a;
    return found > 100;
}

const struct act memory_acts[] = {
    { "a zeroed variable", write_zeroed, see_zeroed, 0, 0 },
    { "an initialised variable", write_initialised, see_initialised, 0, 0 },
    { "a large array", write_many, see_many, 0, 0 },
    { "a pointer", write_pointer, see_pointer, 0, 0 },
    { "a variable of the thread", write_thread_local, see_thread_local, 0, 0 },
    { "thread-specific data", set_specific, see_specific, 0, 0 },
    { "a block of the heap", write_block, see_block, 0, 0 },
    { "a freed block", free_block, see_block, 0, 1 },
    { "a leaked block", leak, see_used, 1, 1 },
    { "a large leaked block", leak_large, acts_mappings, 1, 0 },
    { "a freed large block", free_large, see_large, 0, 1 },
    { "an exchanged large block", exchange_large, see_large, 0, 1 },
    { "a large block that became another one", move_large, see_elsewhere, 0, 1 },
    { "a longer heap", grow_heap, see_break, 0, 1 },
    { "a trimmed heap", trim_heap, see_break, 0, 1 },
    { "a mapping", map_memory, acts_mappings, 1, 0 },
    { "a shared mapping", map_shared, acts_mappings, 1, 0 },
    { "a mapping without rights", map_nothing, acts_mappings, 1, 0 },
    { "a protected page", protect_page, see_pages, 0, 1 },
    { "an unmapped page", unmap_page, see_pages_only, 0, 1 },
    { "an exchanged page", exchange_page, see_pages_only, 0, 1 },
    { "a forgotten page", forget_page, see_pages_only, 0, 1 },
    { "a moved page", move_page, see_pages_only, 0, 1 },
    { "a page that became shared", share_page, see_pages_only, 0, 1 },
    { "a guarded page", guard_page, see_pages_only, 0, 1 },
    { "a sealed mapping", seal_mapping, acts_mappings, 1, 1 },
    { "a sealed page", seal_page, see_pages_only, 0, 1 },
    { "constants that can be written", unprotect_constants, acts_mappings, 1, 0 },
    { "code that can be written", unprotect_code, acts_mappings, 1, 0 },
    { "an environment variable", set_variable, see_environment, 0, 0 },
    { "a removed environment variable", unset_variable, see_environment, 0, 0 },
    { "an empty environment", clear_environment, see_environment, 0, 0 },
    { "an overwritten environment variable", write_variable, see_environment, 0, 0 },
    { "an overwritten string", write_name, see_name, 0, 0 },
    { "a locale", set_locale, see_locale, 0, 0 },
    { "a time zone", set_zone, see_zone, 0, 0 },
    { "the state of rand", use_rand, see_rand, 0, 0 },
    { "the state of lrand48", use_rand48, see_rand48, 0, 0 },
    { "the state of getopt", set_options, see_options, 0, 0 },
    { "a hash table of the C library", make_table, see_table, 0, 1 },
    { "the buffer of a stream", buffer_output, see_buffer, 0, 0 },
    { "the orientation of a stream", widen, see_width, 0, 0 },
    { "a character put back", leave_stream, see_stream, 0, 0 },
    { "a domain of texts", set_domain, see_domain, 0, 0 },
    { "a loaded library", load_library, see_library, 0, 0 },
    { "functions that jansson allocates by", replace_functions, see_jansson, 0, 1 },
    { "errno", set_error, see_error, 0, 0 },
    { "an option of malloc", tune_malloc, see_malloc, 0, 1 },
    { "bytes on the stack", fill_stack, see_stack, 0, 1 },
    { 0 },
};
