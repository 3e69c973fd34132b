/*
 * bench_rival.c - a call in a process of its own, compared with the alternatives on Linux
 *
 * The subject is procspawn+join. Each alternative starts the smallest thing it can and waits for
 * its end. Only those that the machine has are measured.
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"

#include "src/config.h"
#include <forkscope/procspawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef HAVE_UV
#include <uv.h>
#endif
#ifdef HAVE_GIO
#include <gio/gio.h>
#endif

#define CALL { "procspawn+join", bench_init, bench_one_call }

/* ---- libuv ---- */

#ifdef HAVE_UV
static void on_close(uv_handle_t *handle)
{
    (void)handle;
}

static void on_exit_of_true(uv_process_t *process, int64_t status, int signal)
{
    (void)status, (void)signal;
    uv_close((uv_handle_t *)process, on_close);
}

static double one_uv_spawn(void)
{
    static char program[] = "/bin/true";
    char *arguments[] = { program, NULL };
    uv_process_options_t options = { .file = program, .args = arguments,
                                     .exit_cb = on_exit_of_true };
    uv_process_t process;
    double start = bench_now();

    if (uv_spawn(uv_default_loop(), &process, &options) < 0)
        return -1;
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return bench_now() - start;
}
#endif

/* ---- GLib ---- */

#ifdef HAVE_GIO
static double one_gsubprocess(void)
{
    double start = bench_now();
    GSubprocess *process = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, NULL, "/bin/true", NULL);

    if (!process)
        return -1;
    gboolean ok = g_subprocess_wait_check(process, NULL, NULL);
    g_object_unref(process);
    return ok ? bench_now() - start : -1;
}
#endif

/* ---- Python's forkserver: a program that measures itself, once for each line it is sent ---- */

static FILE *python_in, *python_out;

static const char python_program[] =
    "import multiprocessing as m, sys, time, math\n"
    "if __name__ == '__main__':\n"
    "    c = m.get_context('forkserver')\n"
    "    print(0, flush=True)\n"
    "    for line in sys.stdin:\n"
    "        t = time.monotonic()\n"
    "        p = c.Process(target=math.sqrt, args=(1,)); p.start(); p.join()\n"
    "        print((time.monotonic() - t) * 1e6 if p.exitcode == 0 else -1, flush=True)\n";

static double ask_python(void)
{
    char line[64];
    return fgets(line, sizeof line, python_out) ? strtod(line, NULL) : -1;
}

static bool start_python(void)
{
    int to[2], from[2];

    if (access("/usr/bin/python3", X_OK) < 0 || pipe(to) < 0 || pipe(from) < 0)
        return false;
    if (fork() == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[1]);
        close(from[0]);
        execl("/usr/bin/python3", "python3", "-c", python_program, (char *)NULL);
        _exit(1);
    }
    close(to[0]);
    close(from[1]);
    python_in = fdopen(to[1], "w");
    python_out = fdopen(from[0], "r");
    return python_in && python_out && ask_python() == 0;
}

static double one_python_process(void)
{
    fputs("go\n", python_in);
    fflush(python_in);
    return ask_python();
}

#define RIVAL(figure, who, setting_up, measuring, times) \
    { .name = (figure), .subject = CALL, .baseline = { who, setting_up, measuring }, \
      .samples = (times), .quick_samples = (times) / 10, .pause = 1000, .optional = true }

const struct pair bench_rival_pairs[] = {
#ifdef HAVE_UV
    RIVAL("spawn.vs_libuv", "uv_spawn of /bin/true", NULL, one_uv_spawn, 300),
#endif
#ifdef HAVE_GIO
    RIVAL("spawn.vs_glib", "GSubprocess of /bin/true", NULL, one_gsubprocess, 300),
#endif
    RIVAL("spawn.vs_python", "Python's forkserver, Process start+join", start_python,
          one_python_process, 100),
    { .name = NULL }
};
