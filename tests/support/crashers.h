/* Functions that crash, one way each. Their names are what the tests expect in backtraces. */
#ifndef TESTS_VICTIMS_H
#define TESTS_VICTIMS_H

/* A function that a backtrace shows by its own name: neither inlined nor cloned; and that may crash
 * in peace, without a sanitizer that sees it coming. */
#if defined(__clang__)
#define FRAME __attribute__((noinline, no_sanitize("address", "undefined", "thread")))
#else
#define FRAME __attribute__((noipa, no_sanitize("address", "undefined", "thread")))
#endif

/* After a call: it is not the last thing a function does, so the function's frame stays. */
#define STAY() __asm__ volatile("" ::: "memory")

void victim_writes_null(void);
void victim_writes_before_it_calls(void);
void victim_calls_null(void);
void victim_calls_data(void);
void victim_loses_its_return_address(void);
void victim_recurses(void);
void victim_has_endless_information(void);
void victim_returns_to_its_signal_for_ever(void);
void victim_aborts(void);
void victim_asserts(void);
void victim_divides(void);
void victim_reads_past_the_end(void);
void victim_copies_to_null(void);
void victim_measures_null(void);
void victim_sorts(void);
void victim_crashes_in_a_handler(void);
void victim_crashes_in_a_thread(void);
void victim_crashes_among_threads(void);
void victim_shreds_its_stack(void);
void victim_waits_for_vfork(void);
void victim_raises(void);
void victim_breaks_the_heap(void);
void victim_crashes_holding_the_loader(void);
void victim_has_a_crashing_child(void);
void victim_kills_itself(void);
void victim_crashes_in_two_threads(void);
void victim_crashes_after_main_ended(void);

void victim_spins(void);

enum { VICTIM_THREADS = 9, VICTIM_RAISED = 7 };

/* What victim_shreds_its_stack() writes depends on it. */
extern unsigned victim_seed;

/* How often victim_spins() went round: shared memory, for those who wait until it does. NULL: it
 * does not count. */
extern volatile long *victim_rounds;

#endif
