#!/bin/sh
# A user's program, in C11 to C23 and C++17 to C++23, at all levels of optimisation, position
# independent or not, static or not, by gcc and clang: it compiles without a warning, and runs with
# the library of this build. `make check-matrix` builds the library in many ways too.
top=$(dirname "$0")/..
# Programs of a sanitized library have to be sanitized themselves.
if nm -D .libs/libforkscope.so 2>/dev/null | grep -q 'U __\([at]san_init\|ubsan_handle\)'; then
    echo 'skipped: the library is sanitized'
    echo '1 passed, 0 failed'
    exit 0
fi
MATRIX_BUILD=. exec "$top/tests/matrix/run.sh" "$top"
