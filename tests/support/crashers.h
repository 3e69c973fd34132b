/*
 * crashers.h - functions that crash, one way each; tests expect their names in backtraces
 */
#ifndef FORKSCOPE_SUPPORT_CRASHERS_H
#define FORKSCOPE_SUPPORT_CRASHERS_H

#include "tests/support/frame.h"

/* Placed after a call: the call is then not the last act of its function, whose frame stays. */
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
void victim_spins_after_main_ended(void);

enum { VICTIM_THREADS = 9, VICTIM_RAISED = 7 };

/* Seed of what victim_shreds_its_stack() writes. */
extern unsigned victim_seed;

/*
 * Number of rounds of victim_spins(), in shared memory, for tests that wait until it runs. NULL:
 * not counted.
 */
extern volatile long *victim_rounds;

#endif
