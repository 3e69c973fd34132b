/*
 * processes.h - records of a random round of the process half, to check the library by
 *
 * A round is a program of its own (processes_host.c), forked by a driver that watches it
 * (processes.c). Each call has a number, which its result must contain, and belongs to a family:
 * the processes that have run it and those that they left. These enter themselves in shared memory
 * (processes_board.c). When the library reports that a call is gone, its family must be gone.
 */
#ifndef FORKSCOPE_TESTS_RANDOM_PROCESSES_H
#define FORKSCOPE_TESTS_RANDOM_PROCESSES_H

#include "src/base/clock.h"
#include "tests/random/dice.h"
#include "tests/random/faults.h"

#include <errno.h>
#include <forkscope.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MS = 1000000, THREADS = 6, HELD_CALLS = 6, SHARED_POOLS = 2, MAP_ITEMS = 400 };

/* From the driver: rounds until the time is over. False: one has failed, and was told. */
bool processes_run(uint64_t seed, int seconds);

/* The program: its exit status. */
int host_run(uint64_t seed);

/* ---- the board (processes_board.c) ---- */

enum ending {
    ENDED_RESULT, ENDED_PANIC, ENDED_CLOSED, ENDED_CANCELLED, ENDED_TIMED_OUT, ENDED_SETUP,
    ENDED_LOST, ENDED_JSON, ENDED_IO, ENDED_FAILED, ENDED_UNHEARD, ENDINGS
};

/* What happens to the program from outside (processes_weather.c). */
struct weather {
    bool strikes;           /* children are killed and asked to end */
    bool stops;             /* processes are stopped for a while */
    bool server_kills;
    bool root_kill;
    bool few_descriptors;
    bool few_processes;
    bool copies;            /* the program is forked */
    struct faults faults;   /* what is refused to it */
};

/* What a thread of the program does, and since when. */
struct doing {
    const char *_Atomic what;
    _Atomic int64_t begun;          /* 0: nothing of the library's */
    _Atomic int task;
};

/* How often each item of the map that a thread makes was begun (processes_maps.c). */
struct map_board {
    _Atomic int64_t generation;
    atomic_uint items[MAP_ITEMS];
};

struct board {
    atomic_ulong operations, calls, refused, copies, strikes, sessions;
    atomic_ulong endings[ENDINGS];
    struct doing doing[THREADS + 2];
    _Atomic pid_t failed;           /* the process that says how */
    _Atomic int64_t server_killed;  /* when last; 0: never in this session */
    atomic_bool root_killed;
    struct weather weather;         /* of this session */
    struct map_board maps[THREADS];
    atomic_bool is_over;            /* procspawn_fini() has been called in it */
};

extern struct board *board;

void board_open(void);
void board_begin(uint64_t seed);    /* of a round */
void board_thread(int number);      /* the calling one is the nth */
void board_report(void);

/* Prints, once, and does not return. */
__attribute__((noreturn, format(printf, 3, 4)))
void board_failed(const char *file, int line, const char *format, ...);

#define EXPECT(condition, ...) \
    ((condition) ? (void)0 \
                 : board_failed(__FILE__, __LINE__, "not true: " #condition ": " __VA_ARGS__))

/* A call of the library: it may be refused what it asks for, and has to end within allowed. */
#define IN_LIBRARY(allowed, expression) \
    __extension__({ \
        int64_t begun_ = board_enter(#expression); \
        __typeof__(expression) result_ = (expression); \
        board_leave(begun_, allowed, #expression); \
        result_; \
    })

int64_t board_enter(const char *what);
void board_leave(int64_t begun, int64_t allowed, const char *what);

void describe_process(pid_t pid);         /* as the kernel lists it */
void describe_descriptors(void);            /* of this process */

/* Families: the processes of a call, or of a pool. -1: there are too many already, or none. */
int family_new(void);
void family_enter(int family);              /* the calling process */
void family_forget(int family);             /* it is gone, or its end cannot be known */
bool family_lives(int family);
void family_check_gone(int family, const char *after);
void family_check_all_gone(const char *after, int64_t patience);

/* ---- the weather (processes_weather.c) ---- */

void weather_draw(struct dice *dice);
void weather_begin(uint64_t seed);          /* a thread that makes it */
void weather_end(void);                     /* all is as before */
bool weather_is_short(void);                /* something may be refused */
bool weather_lost_since(int64_t since);     /* a server */
void weather_kill_root(void);

/* ---- what is called (processes_works.c) ---- */

enum work {
    WORK_ECHO, WORK_ECHO_BACK, WORK_LONG, WORK_SLEEP, WORK_LEAVE, WORK_TASKS, WORK_NEST,
    WORK_NEST_POOL, WORK_NEST_UNHEARD, WORK_PRINT, WORK_FLOOD, WORK_BYTES, WORK_INPUT,
    WORK_CRASH, WORK_ABORT, WORK_ASSERT, WORK_OVERFLOW, WORK_EXIT, WORK_QUIT, WORK_PANIC, WORK_FAIL,
    WORK_NOTHING, WORK_NO_TEXT, WORK_DEEP, WORK_KILL_SELF,
    WORK_STOP_SELF, WORK_HANG, WORK_HANG_DEAF, WORK_HANG_BUSY, WORK_END_IN_ORDER,
    WORKS,
    WORKS_WITH_RESULT = WORK_CRASH, WORKS_THAT_END = WORK_STOP_SELF
};

json_t *work(json_t *argument);
json_t *work_argument(enum work work, int family, uint64_t number, uint64_t amount);

/* Bytes and long strings inside each other (processes_bytes.c). */
json_t *bytes_value(uint64_t number);
bool bytes_are(const json_t *value, uint64_t number);

/* ---- calls (processes_calls.c) ---- */

enum event {
    EVENT_KILLED = 1, EVENT_DEADLINE = 2, EVENT_SCOPE = 4, EVENT_POOL = 8, EVENT_FINI = 16
};

struct pool;

struct call {
    procspawn_handle *handle;
    enum work work;
    uint64_t number, amount;
    int family;
    struct pool *pool;              /* NULL: it has a process of its own */
    int64_t started, deadline;      /* a length; 0: none */
    int64_t run_limit;              /* likewise, for the function alone */
    size_t capture;                 /* of each stream; 0: nothing */
    bool merged;                    /* both streams are one */
    size_t input;                   /* bytes to read from stdin */
    bool in_set;                    /* it may end before it has started */
    atomic_uint events;             /* what may end it before its time */
    bool ended, answered, gone;
    bool starved;                   /* there was no memory for its answer */
};

struct pool {
    procspawn_pool *pool;
    int family;
    unsigned size;
    bool broken;                    /* none of its workers ever starts */
    size_t capture;                 /* of each stream of a call; 0: nothing */
    atomic_bool ends;               /* a thread shuts it down, or kills it */
    atomic_uint killed;             /* with its calls */
};

void call_draw(struct dice *dice, struct call *ret_call, struct pool *pool);
procspawn_builder *call_builder(struct dice *dice, struct call *call);
size_t capture_draw(struct dice *dice);
json_t *call_argument(const struct call *call);
bool call_is_quiet(const struct call *call);        /* prints nothing, so it may inherit streams */

/* False: refused, as it may be. */
bool call_start(struct dice *dice, struct call *call);
bool call_started(struct call *call, int rc, bool in_scope);

/* Whether it has ended; a negative patience is for ever. */
bool call_join(struct call *call, int64_t patience);
bool call_wait(struct call *call, int64_t patience);
void call_kill(struct dice *dice, struct call *call);
bool call_ends_surely(const struct call *call);
void call_finish(struct dice *dice, struct call *call);     /* in some way, and frees it */
void call_free(struct call *call);

/* ---- what may become of a call (processes_judge.c) ---- */

bool call_is_shortage(int rc);              /* refused for want of something */
bool call_may_be_refused(const struct call *call, int rc, bool in_scope);
unsigned call_events(const struct call *call);
bool call_was_ended(const struct call *call);
void call_end_with(struct call *call, enum ending ending);
void call_judge_error(struct call *call, procspawn_error *error);   /* frees it */
void call_judge_result(struct call *call, json_t *result);          /* frees it */
void call_judge(struct call *call, struct procspawn_result *result, bool in_scope); /* empties it */
bool call_may_be_cut(const struct call *call);      /* its output: the collector has died */
bool call_sanitizer_prints(const struct call *call);

/* ---- what calls print (processes_output.c) ---- */

void output_print(enum work what, uint64_t number, uint64_t amount);    /* in the call */
void output_check(const struct call *call, const struct procspawn_output *out,
                  const struct procspawn_output *err);
void output_check_captured(struct call *call);                          /* by its handle */

/* ---- calls with options (processes_options.c) ---- */

/* What one call differs in; borrows from itself: not to be copied. */
struct options {
    struct procspawn_call_options options;
    procspawn_builder *builder;
    unsigned char *input;
};

void options_draw(struct dice *dice, struct call *call, const scoped_spawner *scope,
                  struct options *ret_options);
void options_free(struct options *options);

/* ---- what threads do ---- */

struct actor {
    int number;
    struct dice dice;
    struct call held[HELD_CALLS];
    pthread_mutex_t lock;           /* no handle is freed while another thread kills by it */
};

extern struct actor actors[THREADS];
extern struct pool shared_pools[SHARED_POOLS];

void held_act(struct actor *actor);
void held_end(struct actor *actor);
void pools_act(struct actor *actor);
bool pools_open(struct dice *dice, struct pool *pool, scoped_spawner *scope);
void pools_close(struct dice *dice, struct pool *pool);
void scopes_act(struct actor *actor);
void values_act(struct actor *actor);
void typed_act(struct actor *actor);
void options_act(struct actor *actor);
void sets_act(struct actor *actor);
void maps_act(struct actor *actor);
void copies_act(struct actor *actor);

#endif
