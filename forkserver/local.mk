# The fork server: one line a module.

noinst_LTLIBRARIES += forkserver/libserver.la

forkserver_libserver_la_CFLAGS = $(library_cflags)
forkserver_libserver_la_SOURCES =
forkserver_libserver_la_SOURCES += forkserver/apart.c forkserver/apart.h
forkserver_libserver_la_SOURCES += forkserver/cfi.c forkserver/cfi.h
forkserver_libserver_la_SOURCES += forkserver/confine.c forkserver/confine.h
forkserver_libserver_la_SOURCES += forkserver/crash.c forkserver/crash.h
forkserver_libserver_la_SOURCES += forkserver/images.c forkserver/images.h
forkserver_libserver_la_SOURCES += forkserver/link.c forkserver/link.h
forkserver_libserver_la_SOURCES += forkserver/machine.c forkserver/machine.h
forkserver_libserver_la_SOURCES += forkserver/memory.c forkserver/memory.h
forkserver_libserver_la_SOURCES += forkserver/modules.c forkserver/modules.h
forkserver_libserver_la_SOURCES += forkserver/purge.c forkserver/purge.h
forkserver_libserver_la_SOURCES += forkserver/symbols.c forkserver/symbols.h
forkserver_libserver_la_SOURCES += forkserver/threads.c forkserver/threads.h
forkserver_libserver_la_SOURCES += forkserver/token.c forkserver/token.h
forkserver_libserver_la_SOURCES += forkserver/unwind.c forkserver/unwind.h
forkserver_libserver_la_SOURCES += forkserver/walk.c forkserver/walk.h
forkserver_libserver_la_SOURCES += forkserver/forkserver.h forkserver/internal.h
forkserver_libserver_la_SOURCES += forkserver/children.c forkserver/children.h
forkserver_libserver_la_SOURCES += forkserver/client.c
forkserver_libserver_la_SOURCES += forkserver/death.c
forkserver_libserver_la_SOURCES += forkserver/ending.c
forkserver_libserver_la_SOURCES += forkserver/kin.c
forkserver_libserver_la_SOURCES += forkserver/oom.c forkserver/oom.h
forkserver_libserver_la_SOURCES += forkserver/probe.c
forkserver_libserver_la_SOURCES += forkserver/reap.c
forkserver_libserver_la_SOURCES += forkserver/renew.c
forkserver_libserver_la_SOURCES += forkserver/report.c
forkserver_libserver_la_SOURCES += forkserver/root.c
forkserver_libserver_la_SOURCES += forkserver/server.c
forkserver_libserver_la_SOURCES += forkserver/settle.c
forkserver_libserver_la_SOURCES += forkserver/spares.c
forkserver_libserver_la_SOURCES += forkserver/spawn.c
forkserver_libserver_la_SOURCES += forkserver/stop.c
