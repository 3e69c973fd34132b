/*
 * failing_tests.h - tests that misbehave, and what the test runner must report for each
 */
#ifndef FORKSCOPE_SUPPORT_FAILING_TESTS_H
#define FORKSCOPE_SUPPORT_FAILING_TESTS_H

/*
 * The runner's report must contain `words`, and `more_words` unless NULL. Without words the test
 * passes. `when` is 0 if a sanitizer changes the outcome.
 */
struct verdict {
    const char *name;
    void (*misbehave)(void);
    const char *words, *more_words;
    int when;
};

enum { VERDICTS_MAX = 64 };

extern const struct verdict verdicts[];     /* the last entry has no name */

/* A main function: runs the tests that its arguments name, and one without a verdict. */
int misbehave(int argc, char **argv);

#endif
