/*
 * misbehaving.h - tests that misbehave, and what the runner has to say to each
 */
#ifndef TESTS_MISBEHAVING_H
#define TESTS_MISBEHAVING_H

/* What the runner says has `words` in it, and `more_words` unless NULL. Without words the test
 * passes. `when` is 0 where a sanitizer makes another thing of it. */
struct verdict {
    const char *name;
    void (*misbehave)(void);
    const char *words, *more_words;
    int when;
};

enum { VERDICTS_MAX = 64 };

extern const struct verdict verdicts[];     /* the last one has no name */

/* A main: runs those tests that its arguments name, and one that no verdict is about. */
int misbehave(int argc, char **argv);

#endif
