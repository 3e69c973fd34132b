/*
 * The cached executor's parking and handing over, as src/executor/cached.c does it: a worker
 * that parks and may leave when its idle time is over, two spawners that hand out tasks, and the
 * executor being freed after the last task.
 *
 * Checked: every task runs exactly once; a worker is given a task by one spawner only; no worker is
 * left when the executor is freed; each worker is joined exactly once (no deadlock).
 *
 * What it teaches: whether a parked worker leaves or gets a task is decided by who takes it out of
 * the list, under the mutex, and by nothing else. A worker that trusts its time-out and leaves
 * without looking loses the task that it was just given.
 */
#define TASKS 2
#define WORKERS 2
#define NONE 255

bool mutex_taken;
bool parked[WORKERS];
bool woken[WORKERS];
byte task[WORKERS] = NONE;
bool thread_over[WORKERS];
byte joins[WORKERS];
byte runs[TASKS];
byte workers;                   /* that have not left */
byte made;                      /* threads ever made */
bool closing;
byte ended = NONE;              /* the thread to be joined next */
byte spawned;
bool closer_woken;

inline lock() { atomic { !mutex_taken; mutex_taken = true } }
inline unlock() { mutex_taken = false }

proctype Worker(byte me) {
    byte before;
    bool leaves = false;
    do
    :: leaves -> break
    :: else ->
       assert(task[me] != NONE);
       runs[task[me]]++;
       assert(runs[task[me]] == 1);
       lock();
       if
       :: closing -> leaves = true
       :: else -> task[me] = NONE; parked[me] = true
       fi;
       unlock();
       if
       :: !leaves ->
          if
          :: woken[me] -> woken[me] = false
          :: skip ->                            /* the idle time is over */
             lock();
             if
             :: parked[me] -> parked[me] = false; unlock()
             :: else -> unlock(); woken[me] -> woken[me] = false
             fi
          fi;
          leaves = (task[me] == NONE)
       :: else
       fi
    od;
    lock();
    before = ended;
    ended = me;
    unlock();
    if
    :: before != NONE ->
       thread_over[before];
       joins[before]++;
       assert(joins[before] == 1)
    :: else
    fi;
    lock();
    workers--;
    if :: workers == 0 -> closer_woken = true :: else fi;
    unlock();
    thread_over[me] = true
}

proctype Spawner(byte mine) {
    byte w;
    byte pick = NONE;
    lock();
    for (w : 0 .. WORKERS - 1) {
        if :: parked[w] -> pick = w :: else fi
    };
    if
    :: pick != NONE ->
       parked[pick] = false;
       assert(task[pick] == NONE);
       task[pick] = mine;
       unlock();
       woken[pick] = true
    :: else ->
       pick = made;
       made++;
       workers++;
       unlock();
       task[pick] = mine;
       run Worker(pick)
    fi;
    spawned++
}

init {
    byte w;
    run Spawner(0);
    run Spawner(1);
    spawned == TASKS && runs[0] == 1 && runs[1] == 1;
    lock();
    closing = true;
    for (w : 0 .. WORKERS - 1) {
        if :: parked[w] -> parked[w] = false; woken[w] = true :: else fi
    };
    do
    :: workers == 0 -> break
    :: workers > 0 -> unlock(); closer_woken; closer_woken = false; lock()
    od;
    unlock();
    thread_over[ended];
    joins[ended]++;
    for (w : 0 .. WORKERS - 1) {
        assert(joins[w] == (w < made -> 1 : 0))
    }
}
