/*
 * hash_seed.h - the seed of jansson's hash tables: each process has its own
 *
 * A sender that knows the seed can make keys that all collide, so that a short text takes minutes
 * to decode. A child starts with the memory that the program had at init. If the seed had been
 * drawn before, the child, its siblings and the program would share it. jansson draws the seed
 * once, with the first object, and does not allow a change, since objects are looked up by it. So
 * the library creates no object before the servers are forked; after that each process draws its
 * own seed.
 *
 * If the program has created objects before init, it depends on how jansson is linked. A shared
 * library keeps its seed to itself. In an archive the seed can be reached, and it is changed if no
 * earlier value is left; for that, jansson's blocks of memory are counted until init.
 */
#ifndef FORKSCOPE_VALUE_HASH_SEED_H
#define FORKSCOPE_VALUE_HASH_SEED_H

#include <stdbool.h>

/* Called at init, before the servers are forked. */
void procspawn__seed_prepare(void);

/*
 * Called in the program after the servers are forked, and in each child before it creates an
 * object.
 */
void procspawn__seed_draw(void);

/*
 * For a process whose memory is put back before each call. The first finds the variable that
 * jansson keeps the seed in, wherever that is, and returns whether it has. Then the second draws
 * another seed. No value may be left that depends on the one before.
 */
bool procspawn__seed_locate(void);
void procspawn__seed_draw_anew(void);

#endif
