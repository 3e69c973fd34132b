/*
 * escapes_by_memory.c - attempts to make code, to reach memory of others, to take all memory
 */
#include "tests/sandbox/escapes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

enum { PAGE = 4096, READ_IMPLIES_CODE = READ_IMPLIES_EXEC };

/* ---- code ---- */

static long mapped(int protection, int flags, int fd)
{
    void *memory = mmap(NULL, PAGE, protection, flags, fd, 0);

    if (memory == MAP_FAILED)
        return -1;
    munmap(memory, PAGE);
    return 0;
}

static long protected(int protection)
{
    void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long rc = mprotect(memory, PAGE, protection);
    int error = errno;

    munmap(memory, PAGE);
    errno = error;
    return rc;
}

static long mapped_of_memfd(void)
{
    int fd = memfd_create("code", MFD_CLOEXEC);

    if (fd < 0 || write(fd, "\xc3", 1) != 1)
        return -1;
    long rc = mapped(PROT_READ | PROT_EXEC, MAP_PRIVATE, fd);
    int error = errno;
    close(fd);
    errno = error;
    return rc;
}

ATTEMPT(maps_code, mapped(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1))
ATTEMPT(maps_code_of_a_memory_file, mapped_of_memfd())
ATTEMPT(maps_with_a_high_half,
        syscall(SYS_mmap, 0UL, (long)PAGE, (1UL << 32) | PROT_READ | PROT_EXEC,
                (long)(MAP_PRIVATE | MAP_ANONYMOUS), -1L, 0L) < 0 ? -1 : 0)
ATTEMPT(makes_code, protected(PROT_READ | PROT_EXEC))
ATTEMPT(makes_code_with_growth, syscall(SYS_mprotect, (uintptr_t)__builtin_frame_address(0) &
                                        ~(uintptr_t)(PAGE - 1), (long)PAGE,
                                        (long)(PROT_READ | PROT_WRITE | PROT_EXEC |
                                               PROT_GROWSDOWN)))
ATTEMPT(makes_code_with_a_key, syscall(SYS_pkey_mprotect, NULL, 0UL, PROT_EXEC, -1))
ATTEMPT(allocates_a_key, syscall(SYS_pkey_alloc, 0UL, 0UL))
ATTEMPT(implies_code, personality(READ_IMPLIES_CODE))
ATTEMPT(executes, execl("/bin/true", "true", NULL))
ATTEMPT(loads_a_library, syscall(134, "/lib/x86_64-linux-gnu/libm.so.6"))

static int writes_its_text(int handed)
{
    (void)handed;
    *(volatile char *)(uintptr_t)writes_its_text = 0;
    return DID;
}

static int executes_a_memory_file(int handed)
{
    static char buffer[1 << 16];
    int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
    int to = memfd_create("true", 0);
    ssize_t length;

    (void)handed;
    while ((length = read(from, buffer, sizeof buffer)) > 0) {
        if (write(to, buffer, (size_t)length) != length)
            return EIO;
    }
    syscall(SYS_execveat, to, "", (char *[]){ "true", NULL }, (char *[]){ NULL }, AT_EMPTY_PATH);
    return errno;
}

/* Without a file to copy: the system call alone. */
static int executes_an_empty_memory_file(int handed)
{
    int fd = memfd_create("empty", 0);

    (void)handed;
    return escape_told(syscall(SYS_execveat, fd, "", (char *[]){ "x", NULL }, (char *[]){ NULL },
                               AT_EMPTY_PATH));
}

static int attaches_code(int handed)
{
    int id = shmget(IPC_PRIVATE, PAGE, 0700 | IPC_CREAT);

    (void)handed;
    if (id < 0)
        return errno;
    void *memory = shmat(id, NULL, SHM_EXEC);
    int result = memory == (void *)-1 ? errno : DID;
    shmctl(id, IPC_RMID, NULL);
    if (memory != (void *)-1)
        shmdt(memory);
    return result;
}

/* A system call that reorders pages of a mapping, which could be code. */
static int turns_pages(int handed)
{
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)handed;
    int result = escape_told(syscall(SYS_remap_file_pages, memory, (long)PAGE, 0L, 1L, 0L));
    munmap(memory, 2 * PAGE);
    return result;
}

__attribute__((noinline, aligned(PAGE))) static void own_page(void)
{
    __asm__ volatile("nop");
}

/* The text of one page moves to where data was; it cannot be written there either. */
static int moves_its_text(int handed)
{
    char *old = (char *)(uintptr_t)own_page;
    char *to = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *copy = mremap(old, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);

    (void)handed;
    int result = copy == MAP_FAILED ? errno : DID;
    munmap(to, PAGE);
    return result;
}

/* ---- memory of others ---- */

static char byte;
static struct iovec own = { &byte, 1 };

ATTEMPT(reads_the_victim, process_vm_readv(w->victim, &own, 1, &own, 1, 0))
ATTEMPT(writes_the_victim, process_vm_writev(w->victim, &own, 1, &own, 1, 0))
ATTEMPT(reads_the_host, process_vm_readv(w->host, &own, 1, &own, 1, 0))
ATTEMPT(shares_memory, shmget(0x65736361, PAGE, 0600))
ATTEMPT(handles_faults, syscall(SYS_userfaultfd, O_CLOEXEC | 1))
ATTEMPT(moves_memory_maps, prctl(PR_SET_MM, PR_SET_MM_START_BRK, 0UL, 0UL, 0UL))
ATTEMPT(moves_pages, syscall(SYS_move_pages, w->victim, 0UL, NULL, NULL, NULL, 0))
ATTEMPT(migrates_pages, syscall(SYS_migrate_pages, w->victim, 0UL, NULL, NULL))
ATTEMPT(binds_memory, syscall(SYS_set_mempolicy, 0, NULL, 0UL))
ATTEMPT(locks_all, mlockall(MCL_ONFAULT | MCL_FUTURE) < 0 ? -1 : munlockall())
ATTEMPT(poisons, syscall(SYS_madvise, &byte, (long)PAGE, 100L) < 0 ? (errno = EPERM, -1) : 0)
ATTEMPT(sees_what_is_cached, mincore((void *)((uintptr_t)&byte & ~(uintptr_t)(PAGE - 1)), PAGE,
                                     (unsigned char *)&byte))

/* What was shared before init is shared with the function. */
static int writes_shared_memory(int handed)
{
    (void)handed;
    __atomic_add_fetch(w->shared, 1, __ATOMIC_RELAXED);
    return DID;
}

/* ---- amounts: the builder has set limits ---- */

static int takes_memory(int handed)
{
    void *memory = mmap(NULL, (size_t)1 << 40, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)handed;
    if (memory == MAP_FAILED)
        return errno;
    munmap(memory, (size_t)1 << 40);
    return DID;
}

static int fills_a_memory_file(int handed)
{
    int fd = memfd_create("bomb", MFD_CLOEXEC);

    (void)handed;
    signal(SIGXFSZ, SIG_IGN);
    int result = escape_told(ftruncate(fd, (off_t)1 << 40));
    close(fd);
    return result;
}

static int allocates_a_memory_file(int handed)
{
    int fd = memfd_create("bomb", MFD_CLOEXEC);

    (void)handed;
    signal(SIGXFSZ, SIG_IGN);
    int result = escape_told(fallocate(fd, 0, 0, (off_t)1 << 40));
    close(fd);
    return result;
}

static int raises_its_limit(int handed)
{
    struct rlimit limit;

    (void)handed;
    getrlimit(RLIMIT_FSIZE, &limit);
    return escape_told(setrlimit(RLIMIT_FSIZE, &limit));
}

static int raises_its_limit_by_number(int handed)
{
    struct rlimit limit;

    (void)handed;
    getrlimit(RLIMIT_AS, &limit);
    return escape_told(prlimit(getpid(), RLIMIT_AS, &limit, NULL));
}

static const struct escape escapes[] = {
    { "exec", executes, 0, DENIED(LEFT), "execve", 0 },
    { "memfdexec", executes_a_memory_file, 0, { LEFT, VIOLATION, VIOLATION, VIOLATION }, NULL, 0 },
    { "execveat", executes_an_empty_memory_file, 0, DENIED(ANY), "execveat", 0 },
    { "wx", maps_code, 0, DENIED(DID), "mmap", 0 },
    { "code of a memory file", maps_code_of_a_memory_file, 0, DENIED(DID), "mmap", 0 },
    { "mmap with a high half", maps_with_a_high_half, 0, DENIED(ANY), "mmap", 0 },
    { "mprotectx", makes_code, 0, DENIED(DID), "mprotect", 0 },
    { "code in the stack", makes_code_with_growth, 0, DENIED(ANY), "mprotect", 0 },
    { "pkeymprotect", makes_code_with_a_key, 0, DENIED(ANY), "pkey_mprotect", 0 },
    { "pkey_alloc", allocates_a_key, 0, DENIED(ANY), "pkey_alloc", 0 },
    { "textwrite", writes_its_text, 0, ALL(CRASHED, CRASHED), NULL, 0 },
    { "shmexec", attaches_code, 0, DENIED(DID), "shmget", 0 },
    { "personality", implies_code, 0, DENIED(DID), "personality", 0 },
    { "uselib", loads_a_library, 0, DENIED(ANY), "uselib", 0 },
    { "remap_file_pages", turns_pages, 0, DENIED(DID), "remap_file_pages", 0 },
    { "mremap of text", moves_its_text, 0, ALL(EINVAL, EINVAL), NULL, 0 },
    { "vmread", reads_the_victim, 0, DENIED(DID), "process_vm_readv", 0 },
    { "vmwrite", writes_the_victim, 0, DENIED(DID), "process_vm_writev", 0 },
    { "vmread of the host", reads_the_host, 0, DENIED(ANY), "process_vm_readv", 0 },
    { "shm", shares_memory, 0, DENIED(ENOENT), "shmget", 0 },
    { "uffd", handles_faults, 0, DENIED(ANY), "userfaultfd", 0 },
    { "PR_SET_MM", moves_memory_maps, 0, DENIED(ANY), "prctl", 0 },
    { "move_pages", moves_pages, 0, DENIED(ANY), "move_pages", 0 },
    { "migrate_pages", migrates_pages, 0, DENIED(ANY), "migrate_pages", 0 },
    { "set_mempolicy", binds_memory, 0, DENIED(ANY), "set_mempolicy", 0 },
    { "mlockall", locks_all, 0, DENIED(ANY), "mlockall", 0 },
    { "poison", poisons, 0, DENIED(SKIP), "madvise", 0 },
    { "mincore", sees_what_is_cached, 0, DENIED(DID), "mincore", 0 },
    { "shared memory of before init", writes_shared_memory, 0, ALL(DID, DID), NULL, 0 },
    { "memory", takes_memory, 0, ALL(ENOMEM, ENOMEM), NULL, 0 },
    { "memfdbomb", fills_a_memory_file, 0, ALL(EFBIG, EFBIG), NULL, 0 },
    { "falloc", allocates_a_memory_file, 0, BY_PATH(EFBIG, VIOLATION, EFBIG), "fallocate", 0 },
    { "raise", raises_its_limit, 0, ALL(DID, EPERM), NULL, 0 },
    { "raise by number", raises_its_limit_by_number, 0, ALL(DID, EPERM), NULL, 0 },
};

ESCAPE_TABLE(escapes_by_memory, escapes);
