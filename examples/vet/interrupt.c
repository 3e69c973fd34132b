#include "examples/vet/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

int interrupt_open(int *ret_fd)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    int code = pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (code != 0)
        return -code;
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}
