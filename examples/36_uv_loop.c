/*
 * 36_uv_loop.c - calls in the event loop of libuv
 *
 * Shows the one descriptor of a set, watched by uv_poll_start. The loop ends when the last result
 * has been given: then nothing is watched any more. 31_loop.c is the same with epoll(7). Prints
 * each result in the order of the calls, which a pool of one worker keeps.
 */
#include <forkscope.h>
#include <stdio.h>
#include <uv.h>

static json_t *square(json_t *number)
{
    json_int_t n = json_integer_value(number);
    return n < 3 ? json_integer(n * n) : procspawn_fail("%d is too much", (int)n);
}

static void on_calls(uv_poll_t *poll, int status, int events)
{
    procspawn_set *set = poll->data;
    struct procspawn_result result;

    (void)status;
    (void)events;
    while (procspawn_set_next_timeout(set, 0, &result) == 0) {
        if (result.error)
            printf("%s\n", procspawn_error_message(result.error));
        else
            printf("%lld\n", (long long)json_integer_value(result.value));
        procspawn_result_fini(&result);
    }
    if (procspawn_set_count(set) == 0)
        uv_poll_stop(poll);
}

int main(int argc, char **argv)
{
    struct procspawn_call_options options = { .take_argument = true };
    procspawn_set *set;
    uv_poll_t poll;

    if (procspawn_init(argc, argv) < 0 || procspawn_set_new(&set) < 0 ||
        procspawn_pool_new(1, &options.pool) < 0)
        return 1;
    for (int i = 0; i < 4; i++) {
        if (procspawn_set_start(set, &options, square, json_integer(i), NULL) < 0)
            return 1;
    }
    uv_loop_t *loop = uv_default_loop();
    uv_poll_init(loop, &poll, procspawn_set_fd(set));
    poll.data = set;
    uv_poll_start(&poll, UV_READABLE, on_calls);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&poll, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
    procspawn_set_free(set);
    procspawn_pool_free(options.pool);
    return procspawn_fini() == 0 ? 0 : 1;
}
