/*
 * survey.h - what a value has in it, found before it is encoded
 */
#ifndef FORKSCOPE_VALUE_SURVEY_H
#define FORKSCOPE_VALUE_SURVEY_H

#include <jansson.h>
#include <stdbool.h>

struct procspawn__survey {
    bool reserved_keys;         /* placeholders of descriptors, or keys to be escaped */
    bool attachments;           /* bytes or long strings */
};

/*
 * Finds values that only the receiver would refuse: deeper than PROCSPAWN__DEPTH_MAX, or with a NUL
 * in a key; and attached strings that are not UTF-8. The limit also ends the walk of a value that
 * contains itself. Returns 0 or PROCSPAWN_EJSON, and notes the reason (base/refusal.h). The survey
 * is {0} before.
 */
int procspawn__survey(const json_t *value, struct procspawn__survey *survey);

/* Notes that a string is not UTF-8: jansson refuses short ones. Returns PROCSPAWN_EJSON. */
int procspawn__survey_not_utf8(void);

/* Notes that there is no value, only NULL: how jansson says that it could not make one. `name` is
 * that of the value in words. Returns PROCSPAWN_EJSON. */
int procspawn__survey_absent(const char *name);

#endif
