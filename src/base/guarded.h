/*
 * guarded.h - which lock guards what, in words that clang checks (-Wthread-safety; `make
 * check-locks`). Other compilers see nothing of it, and no word changes the code that is generated.
 *
 * Each row of the table of locks in src/README.md is one lock here:
 *
 *     extern struct base__lock scoped__tree_lock;
 *
 * It names all locks of its kind, so the lock of one pool is not told from that of another: in C an
 * attribute of a member cannot name the lock beside it. Nothing is ever defined by that name.
 *
 * Not checked: what is used by its address (thus atomic variables, lists and _Atomic members), and
 * calls through pointers to functions. A structure that is assigned as a whole is not checked
 * either; so a constructor needs no lock.
 */
#ifndef FORKSCOPE_BASE_GUARDED_H
#define FORKSCOPE_BASE_GUARDED_H

#ifdef __clang__
#define BASE__CHECKED(attribute) __attribute__((attribute))
#else
#define BASE__CHECKED(attribute)
#endif

struct BASE__CHECKED(capability("lock")) base__lock;

/* A member or variable: it is read and written with the lock held. */
#define GUARDED_BY(lock) BASE__CHECKED(guarded_by(lock))

/*
 * A function: is called with the lock held, and returns with it; it may release it in between. Is
 * called without it, and takes it. Takes it and returns with it; is called with it and releases it.
 */
#define REQUIRES(lock) BASE__CHECKED(requires_capability(lock))
#define EXCLUDES(lock) BASE__CHECKED(locks_excluded(lock))
#define ACQUIRE(lock) BASE__CHECKED(acquire_capability(lock))
#define RELEASE(lock) BASE__CHECKED(release_capability(lock))

/*
 * The same for the pair of functions that calls pthread_mutex_lock and pthread_mutex_unlock. Their
 * bodies are not checked, because the compiler does not know which lock the mutex is.
 */
#define LOCKS(lock) ACQUIRE(lock) NO_THREAD_SAFETY_ANALYSIS("the mutex is the lock")
#define UNLOCKS(lock) RELEASE(lock) NO_THREAD_SAFETY_ANALYSIS("the mutex is the lock")

/* A function whose body is not checked, and why it is right: a string. */
#define NO_THREAD_SAFETY_ANALYSIS(reason) BASE__CHECKED(no_thread_safety_analysis)

#endif
