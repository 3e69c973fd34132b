/*
 * trap.c - does newfstatat(2) and statx(2) for a descriptor and an empty path
 *
 * C libraries make fstat() of them. A filter cannot read the path, and with another one any file
 * could be looked at.
 */
#include "src/sandbox/trap.h"

#include "src/base/written.h"
#include "src/crash/machine.h"
#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static enum procspawn_denial denial BASE_WRITTEN;

void sandbox__trap_denial(enum procspawn_denial wanted)
{
    denial = wanted;
}

/* A system call as the kernel answers it; errno is the interrupted code's. */
static long call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    int before = errno;
    long result = syscall(number, a, b, c, d, e, 0);

    if (result < 0)
        result = -errno;
    errno = before;
    return result;
}

/* The kernel reads the word around the address for a wait that ends at once. */
static bool is_readable(uint64_t address)
{
    static const struct timespec no_time;
    const uint64_t word = address & ~(uint64_t)3;

    return call(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, (uint64_t)(uintptr_t)&no_time, 0) !=
           -EFAULT;
}

/*
 * The same without a path. Kernels before 6.11 want one for statx(2), so it is not there on them,
 * and callers do what they do without it.
 */
static long look_at_descriptor(const struct machine_call *trapped)
{
    const uint64_t *argument = trapped->argument;

    if (trapped->number == SYS_newfstatat)
        return call(SYS_fstat, argument[0], argument[2], 0, 0, 0);
    if ((int)argument[0] < 0)
        return -EBADF;
    long result = call(SYS_statx, argument[0], 0, argument[2], argument[3], argument[4]);
    return result == -EFAULT ? -ENOSYS : result;
}

bool sandbox__trap(ucontext_t *context)
{
    struct registers registers;
    struct machine_call trapped;

    crash__machine_from_context(context, &registers);
    crash__machine_call(&registers, &trapped);
    if (trapped.number != SYS_newfstatat && trapped.number != SYS_statx)
        return false;
    const uint64_t path = trapped.argument[1];
    /* Without a path statx(2) is the filter's. */
    if (trapped.number == SYS_statx && path == 0)
        return false;
    if (!is_readable(path)) {
        crash__machine_set_result(context, -EFAULT);
    } else if (*(const volatile char *)(uintptr_t)path == '\0') {
        crash__machine_set_result(context, look_at_descriptor(&trapped));
    } else if (denial == PROCSPAWN_DENIAL_END) {
        return false;
    } else {
        crash__machine_set_result(context, -EPERM);
    }
    return true;
}
