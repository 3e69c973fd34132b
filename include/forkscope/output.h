/*
 * output.h - what a call printed to stdout and stderr
 *
 * The output of a call can be captured. The library keeps up to a limit of bytes of each stream,
 * drops the rest, and says so. The call never waits for a reader, and a call that prints for ever
 * takes no more memory than the limit.
 *
 *     procspawn_builder *builder = procspawn_builder_new();
 *     struct procspawn_output output;
 *
 *     procspawn_builder_capture(builder, 64 * 1024, true);
 *     procspawn_builder_spawn(builder, run_test, index, &handle);
 *     procspawn_join(handle, &result, &error);
 *     if (procspawn_captured_stdout(handle, &output) == 0)
 *         fwrite(output.data, 1, output.size, stdout);
 *     procspawn_handle_free(handle);
 *
 * Of longer output the beginning is kept, half of the limit, and the end, the other half: what was
 * printed last often explains a crash. Between them stands a line that tells how many bytes are
 * missing.
 *
 * While its output is captured, a function writes stdout line by line, as to a terminal. So the
 * lines before a crash are there, and merged streams keep their order. Bytes that stdio still holds
 * are written before the result is sent, also when the function has failed; those of a process that
 * crashes or is killed are lost.
 *
 * What it costs: a child that captures needs a pipe for each stream, but this program keeps no
 * descriptor of them, only memory of the size of the limit, which is taken as it is filled. The
 * first captured call of a program starts one process more, which reads all pipes. It calls no
 * function, and ends with procspawn_fini() and with this program. A process with its user id can
 * kill it, as it can kill this program: then the calls that run are cut off, a call that prints
 * gets SIGPIPE, and the next call starts another one.
 */
#ifndef FORKSCOPE_OUTPUT_H
#define FORKSCOPE_OUTPUT_H

#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What was captured of one stream of a call. It is the handle's. */
struct procspawn_output {
    const char *data;       /* never NULL; a byte of 0 follows the last one and is not counted */
    size_t size;            /* bytes at data: at most the limit, and the line for those missing */
    uint64_t total;         /* bytes that were printed */
    bool truncated;         /* the middle is missing: total is above the limit */
};

/*
 * Captures the stdout and stderr of each call. Up to `limit` bytes of each of them are kept; 0
 * captures nothing. Overrides procspawn_builder_stdout() and procspawn_builder_stderr(). With
 * `merged` both streams go into the output of stdout, in the order of printing, and stderr's is
 * empty. When RLIMIT_FSIZE of this program is less than what is to be kept, less is kept; when it
 * leaves room for nothing, the call is not started: -EFBIG.
 *
 * For a pool it is set on procspawn_pool_builder_process(), and the output of each call is apart.
 * The stdout and stderr of a worker between its calls are /dev/null.
 *
 * A process that the call has started and that prints after the end of the call is not heard. It
 * may get SIGPIPE; its output is never that of a later call.
 *
 * Safe:   one thread at a time for each builder.
 * Cancel: no cancellation point.
 * Source: Python's subprocess.run, capture_output, which has no limit.
 */
void procspawn_builder_capture(procspawn_builder *builder, size_t limit, bool merged);

/*
 * What a call has printed: before its end what there is at the time of asking. The data is
 * borrowed. It is valid until the handle is freed or the function is called again for this handle
 * and stream.
 *
 * Return 0, or
 *   -ENODATA   the output of the call is not captured
 *   -ENOMEM    no memory could be had
 *   PROCSPAWN_ENOTOWNER   the handle belongs to the process that forked this one
 *
 * Safe:   one thread at a time for each handle.
 * Cancel: no cancellation point. It waits for the process that reads the pipes: mostly some
 *         microseconds, and one second at most.
 * Source: own.
 */
int procspawn_captured_stdout(procspawn_handle *handle, struct procspawn_output *ret_output);
int procspawn_captured_stderr(procspawn_handle *handle, struct procspawn_output *ret_output);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
