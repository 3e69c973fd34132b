/*
 * The end of tasks, as src/scope does it: a parent with two children, each on a thread of its own,
 * and a canceller that comes at any moment. It covers the claim of a join, the relay (who finishes
 * joins the sibling that finished before), the parent's wait for all children, a waiter whose
 * deadline makes it give its claim back, and the cancel that must hit running tasks only.
 *
 * Checked: every child is joined exactly once, and only after it is done; nobody is told "gone"
 * before the join; no thread is cancelled after its function has returned; the parent ends (no
 * deadlock, no lost wake-up); the child that starts cancelled never runs its function.
 *
 * What it teaches: whoever gives up a claim has to wake the others that wait for the same child,
 * for they were passed over when it became done. Without the wake in join_or_give_up the model ends
 * in a parent that waits for ever; without the look at the join's state in the relay, in a second
 * join.
 */
#define CHILDREN 2
#define NOBODY 255

mtype = { QUEUED, RUNNING, ENDING, DONE, GONE };
mtype = { UNCLAIMED, CLAIMED, JOINED };         /* src/scope/join_state.h */

mtype state[CHILDREN] = QUEUED;
bool cancelled[CHILDREN];
mtype join_state[CHILDREN] = UNCLAIMED;
bool ran[CHILDREN];
bool thread_over[CHILDREN];     /* what pthread_join waits for */
byte joins[CHILDREN];
byte alive = CHILDREN;          /* the parent's children that are not gone */
bool parent_waits, parent_woken;
bool receiver_waits, receiver_woken;
bool parent_over, receiver_over;
bool lock_taken;

inline lock() { atomic { !lock_taken; lock_taken = true } }
inline unlock() { lock_taken = false }

inline wake_waiters(c) {
    if :: parent_waits -> parent_woken = true :: else fi;
    if :: c == 0 && receiver_waits -> receiver_woken = true :: else fi
}

inline set_gone(c) {
    assert(state[c] == DONE);
    state[c] = GONE;
    alive--;
    wake_waiters(c)
}

inline claim(c) {
    assert(join_state[c] == UNCLAIMED);
    join_state[c] = CLAIMED
}

/* Locked before and after; not while it joins. */
inline join(c) {
    claim(c);
    unlock();
    thread_over[c];
    joins[c]++;
    assert(joins[c] == 1);
    lock();
    join_state[c] = JOINED;
    set_gone(c)
}

/* The same with a deadline: it may give up while the thread still runs. */
inline join_or_give_up(c) {
    claim(c);
    unlock();
    if
    :: thread_over[c];
       joins[c]++;
       assert(joins[c] == 1);
       lock();
       join_state[c] = JOINED;
       set_gone(c)
    :: !thread_over[c];
       lock();
       join_state[c] = UNCLAIMED;
       if :: state[c] == DONE -> wake_waiters(c) :: else fi
    fi
}

proctype Child(byte me) {
    byte other = 1 - me;

    lock();
    if
    :: cancelled[me] -> state[me] = ENDING
    :: else -> state[me] = RUNNING
    fi;
    unlock();
    if
    :: state[me] == RUNNING ->
       ran[me] = true;
       lock();
       state[me] = ENDING;
       unlock()
    :: else
    fi;

    lock();
    do
    :: join_state[me] == UNCLAIMED && state[other] == DONE && join_state[other] == UNCLAIMED -> join(other)
    :: else -> break
    od;
    state[me] = DONE;
    if :: join_state[me] == UNCLAIMED -> wake_waiters(me) :: else fi;
    unlock();
    thread_over[me] = true
}

/* Whoever holds a done receiver of child 0, on another thread. */
proctype Receiver() {
    lock();
    do
    :: state[0] == GONE -> break
    :: state[0] == DONE && join_state[0] == UNCLAIMED -> join(0)
    :: else ->
       receiver_woken = false;
       receiver_waits = true;
       unlock();
       receiver_woken;
       lock();
       receiver_waits = false
    od;
    unlock();
    receiver_over = true
}

/* The same, but it leaves when its deadline has passed. */
proctype Impatient() {
    lock();
    if
    :: state[0] != GONE && join_state[0] == UNCLAIMED -> join_or_give_up(0)
    :: else
    fi;
    unlock()
}

proctype Canceller() {
    byte c;
    lock();
    for (c : 0 .. CHILDREN - 1) {
        if
        :: !cancelled[c] ->
           cancelled[c] = true;
           if :: state[c] == RUNNING -> assert(!thread_over[c]) :: else fi
        :: else
        fi
    }
    unlock()
}

/* Waits for its children; may sleep in the join of one that is not done yet. */
init {
    byte c;
    byte pick;

    run Child(0);
    run Child(1);
    run Canceller();
    run Receiver();
    run Impatient();

    lock();
    do
    :: alive == 0 -> break
    :: alive > 0 ->
       pick = NOBODY;
       for (c : 0 .. CHILDREN - 1) {
           if :: state[c] != GONE && join_state[c] == UNCLAIMED -> pick = c :: else fi
       };
       if
       :: pick != NOBODY -> join(pick)
       :: pick == NOBODY ->
          parent_woken = false;
          parent_waits = true;
          unlock();
          parent_woken;
          lock();
          parent_waits = false
       fi
    od;
    unlock();
    assert(joins[0] == 1 && joins[1] == 1);
    parent_over = true
}

ltl ends { <> (parent_over && receiver_over) }
