/*
 * seed.h - the secret of jansson's hash tables, which each process has to itself
 *
 * Who knows it can make keys that all collide, and so a short text that takes minutes to decode. A
 * child has the memory of init: a secret that was drawn before would be its own, its siblings' and
 * the program's. jansson draws it once, with the first object, and does not let it be changed, for
 * objects are looked up by it. So nothing here makes an object before the servers are forked; from
 * then on each process draws its own.
 *
 * Where the program has made objects before init, all depends on how jansson is linked. A shared
 * library keeps its secret to itself. In an archive it can be reached, and is changed if no value of
 * before is left, for which jansson's blocks of memory are counted until init.
 */
#ifndef FORKSCOPE_PROC_SEED_H
#define FORKSCOPE_PROC_SEED_H


/* At init, before the servers are forked. */
void procspawn__seed_prepare(void);

/* In the program, when they have been forked; and in each child, before it makes any object. */
void procspawn__seed_draw(void);

#endif
