/*
 * crashers.c - functions that crash, one way each
 */
#include "tests/support/crashers.h"

#include "src/crash/handler.h"

#include <assert.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

volatile long *victim_rounds;
unsigned victim_seed;

static int *volatile null_pointer;
static char *volatile null_text;
static volatile int zero;
static volatile int sink;
static long data[4] = {1, 2, 3, 4};

static FRAME void write_through(int *pointer)
{
    *(volatile int *)pointer = 1;
    STAY();
}

FRAME void victim_writes_null(void)
{
    write_through(null_pointer);
    STAY();
}

FRAME void victim_writes_before_it_calls(void)
{
    sink = *(volatile int *)__builtin_frame_address(0);    /* the function needs a frame by now */
    *(volatile int *)null_pointer = 1;
    write_through(null_pointer);
    STAY();
}

/* Its unwind information finds the frame by an expression that jumps back to its own start. */
void endless_information(void);

#if defined(__x86_64__)
#define WRITE_NULL "xor %eax, %eax\n movl %eax, (%rax)\n"
#elif defined(__aarch64__)
#define WRITE_NULL "mov x0, #0\n str w0, [x0]\n"
#endif

__asm__(".text\n"
        ".type endless_information, %function\n"
        "endless_information:\n"
        ".cfi_startproc\n"
        ".cfi_escape 0x0f, 3, 0x2f, 0xfd, 0xff\n" WRITE_NULL
        "ret\n"
        ".cfi_endproc\n"
        ".size endless_information, . - endless_information\n");

FRAME void victim_has_endless_information(void)
{
    endless_information();
    STAY();
}

static ucontext_t *interrupted;

/* The signal's frame says that it has interrupted its own trampoline. */
static FRAME void on_usr2(int signo, siginfo_t *info, void *context)
{
    void **frame = __builtin_frame_address(0);

    (void)signo, (void)info;
    interrupted = context;
#if defined(__x86_64__)
    interrupted->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)frame[1];
    interrupted->uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)(frame + 2);
#elif defined(__aarch64__)
    interrupted->uc_mcontext.pc = (uintptr_t)frame[1];
    interrupted->uc_mcontext.sp = (uintptr_t)info;
#endif
    write_through(null_pointer);
    STAY();
}

FRAME void victim_returns_to_its_signal_for_ever(void)
{
    struct sigaction action = {.sa_sigaction = on_usr2, .sa_flags = SA_SIGINFO};

    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    STAY();
}

static FRAME void call(void *address)
{
    void (*volatile function)(void);

    memcpy((void *)&function, &address, sizeof address);
    function();
    STAY();
}

FRAME void victim_calls_null(void)
{
    call(NULL);
    STAY();
}

FRAME void victim_calls_data(void)
{
    call(data);
    STAY();
}

static FRAME void return_to_nowhere(void)
{
    void *volatile *frame = __builtin_frame_address(0);

    frame[1] = data;
    STAY();
}

FRAME void victim_loses_its_return_address(void)
{
    return_to_nowhere();
    STAY();
}

static FRAME int recurse(int depth)
{
    volatile char filler[256];

    filler[0] = (char)depth;
    if (depth < 0)
        return 0;
    sink = recurse(depth + 1) + filler[0];
    return sink;
}

FRAME void victim_recurses(void)
{
    sink = recurse(0);
    STAY();
}

FRAME void victim_aborts(void)
{
    abort();
}

FRAME void victim_asserts(void)
{
    assert(2 + 2 == 5 + zero);
    STAY();
}

FRAME void victim_divides(void)
{
    sink = 100 / zero;
}

FRAME void victim_reads_past_the_end(void)
{
    int fd = memfd_create("short", MFD_CLOEXEC);
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

    sink = page[0];
}

FRAME void victim_copies_to_null(void)
{
    memcpy(null_text, data, sizeof data * (size_t)(1 + zero));
    STAY();
}

FRAME void victim_measures_null(void)
{
    sink = (int)strlen(null_text);
}

static FRAME int compare(const void *one, const void *other)
{
    sink = *(const int *)one - *(const int *)other;
    write_through(null_pointer);
    return sink;
}

FRAME void victim_sorts(void)
{
    int numbers[] = {3, 1, 2};

    qsort(numbers, 3, sizeof *numbers, compare);
    sink = numbers[0];
}

static FRAME void on_usr1(int signo)
{
    sink = signo;
    write_through(null_pointer);
    STAY();
}

FRAME void victim_crashes_in_a_handler(void)
{
    signal(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    STAY();
}

static FRAME void *crash_in_thread(void *unused)
{
    write_through(null_pointer);
    STAY();
    return unused;
}

FRAME void victim_crashes_in_a_thread(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, crash_in_thread, NULL);
    pthread_join(thread, NULL);
}

static pthread_barrier_t all_there;

static FRAME void *wait_in_thread(void *unused)
{
    pthread_barrier_wait(&all_there);
    for (;;)
        pause();
    return unused;
}

static void start_waiting_threads(int count)
{
    pthread_barrier_init(&all_there, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++) {
        pthread_t thread;

        pthread_create(&thread, NULL, wait_in_thread, NULL);
    }
    pthread_barrier_wait(&all_there);
}

FRAME void victim_crashes_among_threads(void)
{
    start_waiting_threads(VICTIM_THREADS);
    write_through(null_pointer);
    STAY();
}

static FRAME void *crash_together(void *unused)
{
    pthread_barrier_wait(&all_there);
    write_through(null_pointer);
    STAY();
    return unused;
}

FRAME void victim_crashes_in_two_threads(void)
{
    pthread_t thread;

    pthread_barrier_init(&all_there, NULL, 2);
    pthread_create(&thread, NULL, crash_together, NULL);
    crash_together(NULL);
    STAY();
}

static FRAME void *crash_after(void *main_thread)
{
    pthread_join(*(pthread_t *)main_thread, NULL);
    write_through(null_pointer);
    STAY();
    return NULL;
}

FRAME void victim_crashes_after_main_ended(void)
{
    static pthread_t self;
    pthread_t thread;

    self = pthread_self();
    pthread_create(&thread, NULL, crash_after, &self);
    pthread_exit(NULL);
}

/*
 * Writes words of all kinds that an unwinder might follow: small numbers, addresses on the stack,
 * in code and in data.
 */
static FRAME uint64_t shred(uint64_t *place)
{
    switch (rand_r(&victim_seed) % 5) {
    case 0:
        return (uint64_t)rand_r(&victim_seed) * 0x123456789;
    case 1:
        return (uint64_t)(uintptr_t)(place + rand_r(&victim_seed) % 64);
    case 2:
        return (uint64_t)(uintptr_t)victim_writes_null + (uint64_t)rand_r(&victim_seed) % 4096;
    case 3:
        return (uint64_t)(uintptr_t)qsort + (uint64_t)rand_r(&victim_seed) % 65536;
    default:
        return (uint64_t)(uintptr_t)data + (uint64_t)rand_r(&victim_seed) % 4096;
    }
}

FRAME void victim_shreds_its_stack(void)
{
    uint64_t *frame = __builtin_frame_address(0);

    for (int i = 0; i < 256; i++)
        ((volatile uint64_t *)frame)[i] = shred(frame + i);
    write_through(null_pointer);
    STAY();
}

FRAME void victim_waits_for_vfork(void)
{
    if (vfork() == 0)
        victim_spins();
    STAY();
}

FRAME void victim_raises(void)
{
    crash__raise();
    _exit(VICTIM_RAISED);
}

/*
 * With a second thread, malloc locks its arena. It finds the overwritten size while it holds the
 * lock.
 */
FRAME void victim_breaks_the_heap(void)
{
    char *volatile block;

    start_waiting_threads(1);
    block = malloc(50000);
    memset(block + malloc_usable_size(block), 0xff, sizeof(size_t));
    block = malloc(60000);
    STAY();
}

static FRAME int on_module(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)info;
    (void)unused;
    sink = (int)size;
    write_through(null_pointer);
    return sink;
}

FRAME void victim_crashes_holding_the_loader(void)
{
    dl_iterate_phdr(on_module, NULL);
    STAY();
}

FRAME void victim_has_a_crashing_child(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        victim_writes_null();
    waitpid(pid, &status, 0);
    _exit(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

FRAME void victim_kills_itself(void)
{
    kill(getpid(), SIGSEGV);
    for (;;)
        pause();
}

FRAME void victim_spins(void)
{
    volatile long own, *rounds = victim_rounds ? victim_rounds : &own;

    for (;;)
        ++*rounds;
}

static FRAME void *spin_after(void *main_thread)
{
    pthread_join(*(pthread_t *)main_thread, NULL);
    victim_spins();
    return NULL;
}

FRAME void victim_spins_after_main_ended(void)
{
    static pthread_t self;
    pthread_t thread;

    self = pthread_self();
    pthread_create(&thread, NULL, spin_after, &self);
    pthread_exit(NULL);
}
