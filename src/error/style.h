/*
 * style.h - colours of what is printed to a terminal
 */
#ifndef FORKSCOPE_ERROR_STYLE_H
#define FORKSCOPE_ERROR_STYLE_H

#include <stdio.h>

enum procspawn__style {
    PROCSPAWN__STYLE_ERROR,     /* what has failed */
    PROCSPAWN__STYLE_LINE,      /* the line of the source */
    PROCSPAWN__STYLE_MISSING    /* why a report is not whole */
};

/*
 * Text between the two has the style. They write nothing to what is no terminal, nor where the
 * environment asks for no colours: a NO_COLOR that is not empty, or TERM=dumb.
 */
void procspawn__style_begin(FILE *stream, enum procspawn__style style);
void procspawn__style_end(FILE *stream);

#endif
