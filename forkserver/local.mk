# The fork server: one line a module.

noinst_LTLIBRARIES += forkserver/libserver.la

forkserver_libserver_la_SOURCES =
forkserver_libserver_la_SOURCES += forkserver/crash.c forkserver/crash.h
forkserver_libserver_la_SOURCES += forkserver/machine.c forkserver/machine.h
