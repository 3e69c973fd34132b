# The fork server: one line a module.

noinst_LTLIBRARIES += forkserver/libserver.la

forkserver_libserver_la_SOURCES =
