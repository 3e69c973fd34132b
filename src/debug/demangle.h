/*
 * demangle.h - the names of C++ functions as they are in the source
 */
#ifndef FORKSCOPE_DEBUG_DEMANGLE_H
#define FORKSCOPE_DEBUG_DEMANGLE_H

#include <stdbool.h>

enum { DEMANGLE_NAME = 1024 };

/*
 * Translates by the C++ library: the program's, or one that is loaded for it. So it is called only
 * where foreign names may do harm (unwind.h). Strings are "std::string", whatever template that
 * stands for. A translation that is too long ends in "...". False
 * for a name that is not of C++, and without that library.
 */
bool debug__demangle(const char *symbol, char ret_name[DEMANGLE_NAME]);

#endif
