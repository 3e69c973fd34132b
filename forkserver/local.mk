# The fork server: one line a module.

noinst_LTLIBRARIES += forkserver/libserver.la

forkserver_libserver_la_CFLAGS = $(library_cflags)
forkserver_libserver_la_SOURCES =
forkserver_libserver_la_SOURCES += forkserver/asker.c forkserver/asker.h
forkserver_libserver_la_SOURCES += forkserver/births.c forkserver/births.h
forkserver_libserver_la_SOURCES += forkserver/children.c forkserver/children.h
forkserver_libserver_la_SOURCES += forkserver/daemonize.c forkserver/daemonize.h
forkserver_libserver_la_SOURCES += forkserver/death.c forkserver/death.h
forkserver_libserver_la_SOURCES += forkserver/death_watch.c forkserver/death_watch.h
forkserver_libserver_la_SOURCES += forkserver/forkserver.h
forkserver_libserver_la_SOURCES += forkserver/link.c forkserver/link.h
forkserver_libserver_la_SOURCES += forkserver/oom.c forkserver/oom.h
forkserver_libserver_la_SOURCES += forkserver/options.h
forkserver_libserver_la_SOURCES += forkserver/orphans.c forkserver/orphans.h
forkserver_libserver_la_SOURCES += forkserver/private_memory.c forkserver/private_memory.h
forkserver_libserver_la_SOURCES += forkserver/purge.c forkserver/purge.h
forkserver_libserver_la_SOURCES += forkserver/quota.c forkserver/quota.h
forkserver_libserver_la_SOURCES += forkserver/reap.c forkserver/reap.h
forkserver_libserver_la_SOURCES += forkserver/remap.c forkserver/remap.h
forkserver_libserver_la_SOURCES += forkserver/reporter.c forkserver/reporter.h
forkserver_libserver_la_SOURCES += forkserver/requests.c forkserver/requests.h
forkserver_libserver_la_SOURCES += forkserver/rest.c forkserver/rest.h
forkserver_libserver_la_SOURCES += forkserver/retire.c forkserver/retire.h
forkserver_libserver_la_SOURCES += forkserver/root.c
forkserver_libserver_la_SOURCES += forkserver/server.c forkserver/server.h
forkserver_libserver_la_SOURCES += forkserver/spares.c forkserver/spares.h
forkserver_libserver_la_SOURCES += forkserver/spawn.c forkserver/spawn.h
forkserver_libserver_la_SOURCES += forkserver/state.h
forkserver_libserver_la_SOURCES += forkserver/stop.c forkserver/stop.h
forkserver_libserver_la_SOURCES += forkserver/syscall_check.c forkserver/syscall_check.h
forkserver_libserver_la_SOURCES += forkserver/terminate.c forkserver/terminate.h
forkserver_libserver_la_SOURCES += forkserver/timing.c forkserver/timing.h
forkserver_libserver_la_SOURCES += forkserver/token.c forkserver/token.h
forkserver_libserver_la_SOURCES += forkserver/tracer.c forkserver/tracer.h
forkserver_libserver_la_SOURCES += forkserver/watch.h
