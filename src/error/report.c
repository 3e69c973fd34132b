/*
 * report.c - reason, threads, source and registers of a report
 */
#include "src/error/report.h"

#include "src/crash/backtrace.h"
#include "src/crash/machine.h"
#include "src/error/error.h"

#include <errno.h>
#include <string.h>

const char *procspawn_error_reason(const procspawn_error *error)
{
    if (error->unexamined)
        return "its crash handler did not run or could not stop the process, or this may not be "
               "read: the handler was replaced, the signal was blocked or ignored, a filter "
               "refused it, the process is not dumpable, or a thread without a second stack has "
               "used up its own";
    return error->trace ? crash__backtrace_string(error->trace, error->trace->reason) : "";
}

int procspawn_error_usage(const procspawn_error *error, struct rusage *ret_usage)
{
    if (!error->used)
        return -ENODATA;
    *ret_usage = error->usage;
    return 0;
}

size_t procspawn_error_thread_count(const procspawn_error *error)
{
    return error->trace ? error->trace->thread_count : 0;
}

int procspawn_error_thread(const procspawn_error *error, size_t index,
                           struct procspawn_thread *ret_thread)
{
    if (index >= procspawn_error_thread_count(error))
        return -EINVAL;
    const struct backtrace_thread *thread = &error->trace->thread[index];
    *ret_thread = (struct procspawn_thread){
        .tid = thread->tid,
        .name = crash__backtrace_string(error->trace, thread->name),
        .waits = crash__backtrace_string(error->trace, thread->waits),
        .waits_for = thread->waits_for,
        .first = thread->first,
        .count = thread->count,
        .cut = thread->cut,
        .cut_at = thread->cut_at,
        .error = thread->error,
    };
    return 0;
}

size_t procspawn_error_threads_cut(const procspawn_error *error)
{
    return error->trace ? error->trace->threads_cut : 0;
}

/* What is missing of the thread that failed counts for the whole. */
int procspawn_error_incomplete(const procspawn_error *error)
{
    if (!error->trace)
        return 0;
    if (error->trace->error == 0 && error->trace->thread_count > 0)
        return error->trace->thread[0].error;
    return error->trace->error;
}

size_t procspawn_error_source_count(const procspawn_error *error)
{
    return error->trace ? error->trace->source_count : 0;
}

size_t procspawn_error_source_frame(const procspawn_error *error)
{
    return error->trace ? error->trace->source_frame : 0;
}

int procspawn_error_source(const procspawn_error *error, size_t index, int *ret_line,
                           const char **ret_text)
{
    if (index >= procspawn_error_source_count(error))
        return -EINVAL;
    *ret_line = (int)(error->trace->source_first + index);
    *ret_text = crash__backtrace_string(error->trace, error->trace->source[index]);
    return 0;
}

int procspawn_error_register(const procspawn_error *error, size_t index, const char **ret_name,
                             uint64_t *ret_value)
{
    const char *name = crash__machine_register_name((unsigned)index);

    if (!error->trace || index >= error->trace->register_count || !name)
        return -EINVAL;
    *ret_name = name;
    *ret_value = error->trace->registers[index];
    return 0;
}

const char *procspawn__incomplete_text(int error)
{
    switch (error) {
    case -EPERM:
    case -EACCES:
        return "the process may not be examined: it has a tracer, other ids, or is not dumpable";
    case -ETIMEDOUT:
        return "there was no time for more";
    case -ESRCH:
        return "the process was gone";
    case -ELIBACC:
        return "libunwind cannot be loaded";
    case -ELIBBAD:
        return "no files, lines and inlined functions: libdw cannot be loaded, as in static programs";
    case -ELOOP:
        return "the stack leads back to itself";
    case -ENOMEM:
        return "memory was too short";
    default:
        return forkscope_strerror(error);
    }
}
