# The fork server: one line a module.

noinst_LTLIBRARIES += forkserver/libserver.la

forkserver_libserver_la_SOURCES =
forkserver_libserver_la_SOURCES += forkserver/cfi.c forkserver/cfi.h
forkserver_libserver_la_SOURCES += forkserver/crash.c forkserver/crash.h
forkserver_libserver_la_SOURCES += forkserver/machine.c forkserver/machine.h
forkserver_libserver_la_SOURCES += forkserver/memory.c forkserver/memory.h
forkserver_libserver_la_SOURCES += forkserver/modules.c forkserver/modules.h
forkserver_libserver_la_SOURCES += forkserver/symbols.c forkserver/symbols.h
forkserver_libserver_la_SOURCES += forkserver/threads.c forkserver/threads.h
forkserver_libserver_la_SOURCES += forkserver/unwind.c forkserver/unwind.h
forkserver_libserver_la_SOURCES += forkserver/walk.c forkserver/walk.h
