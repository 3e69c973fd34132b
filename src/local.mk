# Public headers, one line each; include/forkscope.h brings them all

include_HEADERS = include/forkscope.h
forkscopeincludedir = $(includedir)/forkscope
forkscopeinclude_HEADERS =
forkscopeinclude_HEADERS += include/forkscope/channel.h
forkscopeinclude_HEADERS += include/forkscope/error.h
forkscopeinclude_HEADERS += include/forkscope/executor.h
forkscopeinclude_HEADERS += include/forkscope/policy.h
forkscopeinclude_HEADERS += include/forkscope/pool.h
forkscopeinclude_HEADERS += include/forkscope/procspawn.h
forkscopeinclude_HEADERS += include/forkscope/tree.h
forkscopeinclude_HEADERS += include/forkscope/shmem.h
forkscopeinclude_HEADERS += include/forkscope/typed.h
forkscopeinclude_HEADERS += include/forkscope/typed_macros.h
forkscopeinclude_HEADERS += include/forkscope/typed_words.h
forkscopeinclude_HEADERS += include/forkscope/value.h
forkscopeinclude_HEADERS += include/forkscope/remote_scope.h
forkscopeinclude_HEADERS += include/forkscope/scope.h
forkscopeinclude_HEADERS += include/forkscope/signal.h

# Layers: each is an archive of its own, so that a test can link just those that it needs. One line
# a module: `src_libbase_la_SOURCES += src/base/clock.c src/base/clock.h`.

noinst_LTLIBRARIES += src/libbase.la src/libscope.la src/libwire.la src/libproc.la

src_libbase_la_CFLAGS = $(library_cflags)
src_libbase_la_SOURCES =
src_libbase_la_SOURCES += src/base/clock.c src/base/clock.h
src_libbase_la_SOURCES += src/base/closer.c src/base/closer.h
src_libbase_la_SOURCES += src/base/fd.c src/base/fd.h
src_libbase_la_SOURCES += src/base/list.h
src_libbase_la_SOURCES += src/base/proc.c src/base/proc.h
src_libbase_la_SOURCES += src/base/process.c src/base/process.h
src_libbase_la_SOURCES += src/base/thread.c src/base/thread.h
src_libbase_la_SOURCES += src/base/timers.c src/base/timers.h
src_libbase_la_SOURCES += src/base/witness.c src/base/witness.h
src_libbase_la_SOURCES += src/base/written.h
src_libbase_la_SOURCES += src/base/version.c
src_libbase_la_SOURCES += src/error/strerror.c

src_libscope_la_CFLAGS = $(library_cflags)
src_libscope_la_SOURCES =
src_libscope_la_SOURCES += src/executor/attributes.c src/executor/attributes.h
src_libscope_la_SOURCES += src/scope/cancel.c src/scope/cancel.h
src_libscope_la_SOURCES += src/scope/self.c
src_libscope_la_SOURCES += src/scope/defer.c src/scope/defer.h
src_libscope_la_SOURCES += src/executor/executor.c src/executor/executor.h
src_libscope_la_SOURCES += src/executor/cached.c
src_libscope_la_SOURCES += src/executor/thread.c
src_libscope_la_SOURCES += src/scope/failure.c src/scope/failure.h
src_libscope_la_SOURCES += src/scope/current.c src/scope/current.h
src_libscope_la_SOURCES += src/scope/join.c src/scope/join.h
src_libscope_la_SOURCES += src/scope/timer_thread.c src/scope/timer_thread.h
src_libscope_la_SOURCES += src/scope/node.c src/scope/node.h
src_libscope_la_SOURCES += src/scope/policy.c
src_libscope_la_SOURCES += src/scope/queued.c src/scope/queued.h
src_libscope_la_SOURCES += src/scope/remote.c
src_libscope_la_SOURCES += src/scope/scope.c src/scope/scope.h
src_libscope_la_SOURCES += src/scope/shield.c
src_libscope_la_SOURCES += src/scope/signals.c
src_libscope_la_SOURCES += src/scope/spawner_id.c src/scope/spawner_id.h
src_libscope_la_SOURCES += src/scope/spawn.c
src_libscope_la_SOURCES += src/scope/task.c src/scope/task.h
src_libscope_la_SOURCES += src/scope/wait.c src/scope/wait.h
src_libscope_la_SOURCES += src/base/waiter.c src/base/waiter.h

src_libwire_la_CFLAGS = $(library_cflags)
src_libwire_la_SOURCES =
src_libwire_la_SOURCES += src/wire/protocol.h src/wire/call.h
src_libwire_la_SOURCES += src/wire/frame.c src/wire/frame_recv.c src/wire/frame.h
src_libwire_la_SOURCES += src/wire/board.c src/wire/board.h
src_libwire_la_SOURCES += src/wire/codec.c src/wire/codec.h
src_libwire_la_SOURCES += src/wire/memfd.c src/wire/memfd.h
src_libwire_la_SOURCES += src/crash/backtrace.c src/crash/backtrace.h

EXTRA_DIST += src/proc/SPEED.md src/proc/figures.svg

src_libproc_la_CFLAGS = $(library_cflags)
src_libproc_la_SOURCES =
src_libproc_la_SOURCES += src/call/internal.h
src_libproc_la_SOURCES += src/call/outcome.c src/call/outcome.h
src_libproc_la_SOURCES += src/tree/process.c
src_libproc_la_SOURCES += src/tree/pool.c
src_libproc_la_SOURCES += src/call/builder.c
src_libproc_la_SOURCES += src/child/become.c src/rights/identity.c src/rights/identity.h
src_libproc_la_SOURCES += src/child/callee.c src/child/callee.h
src_libproc_la_SOURCES += src/value/channel.c
src_libproc_la_SOURCES += src/call/builder_snapshot.c
src_libproc_la_SOURCES += src/child/child.c src/child/reply.h
src_libproc_la_SOURCES += src/client/take.c src/client/state.h
src_libproc_la_SOURCES += src/client/links.c
src_libproc_la_SOURCES += src/client/control.c
src_libproc_la_SOURCES += src/image/config.c
src_libproc_la_SOURCES += src/call/caller_state.c
src_libproc_la_SOURCES += src/call/request.c
src_libproc_la_SOURCES += src/client/earlier.c src/client/earlier.h
src_libproc_la_SOURCES += src/error/error.c
src_libproc_la_SOURCES += src/error/error_text.c
src_libproc_la_SOURCES += src/value/footprint.c src/value/footprint.h
src_libproc_la_SOURCES += src/call/handle.c src/call/handle.h
src_libproc_la_SOURCES += src/value/fd_table.c src/value/fd_table.h
src_libproc_la_SOURCES += src/init/init.c
src_libproc_la_SOURCES += src/image/library_path.c src/image/library_path.h
src_libproc_la_SOURCES += src/init/single_thread.c src/init/single_thread.h
src_libproc_la_SOURCES += src/value/value_type.c src/value/value_type.h
src_libproc_la_SOURCES += src/value/encoded.c src/value/encoded.h
src_libproc_la_SOURCES += src/value/message.c src/value/message.h
src_libproc_la_SOURCES += src/rights/kept_fd.c src/rights/kept_fd.h
src_libproc_la_SOURCES += src/image/function.c
src_libproc_la_SOURCES += src/image/mapped_file.c src/image/mapped_file.h
src_libproc_la_SOURCES += src/call/place.c src/call/place.h
src_libproc_la_SOURCES += src/child/received_call.c src/child/received_call.h
src_libproc_la_SOURCES += src/value/placeholder.c src/value/placeholder.h
src_libproc_la_SOURCES += src/pool/pool.c src/pool/pool.h
src_libproc_la_SOURCES += src/pool/builder.c
src_libproc_la_SOURCES += src/pool/job.c
src_libproc_la_SOURCES += src/pool/capture.c
src_libproc_la_SOURCES += src/pool/dispatcher.c
src_libproc_la_SOURCES += src/pool/hear.c
src_libproc_la_SOURCES += src/pool/lock.c
src_libproc_la_SOURCES += src/pool/queue.c
src_libproc_la_SOURCES += src/pool/news.c
src_libproc_la_SOURCES += src/pool/spawn.c
src_libproc_la_SOURCES += src/pool/start.c
src_libproc_la_SOURCES += src/pool/tell.c
src_libproc_la_SOURCES += src/pool/wait.c
src_libproc_la_SOURCES += src/pool/worker.c
src_libproc_la_SOURCES += src/call/process.c
src_libproc_la_SOURCES += src/child/reply.c
src_libproc_la_SOURCES += src/rights/schedule.c src/rights/schedule.h
src_libproc_la_SOURCES += src/value/hash_seed.c src/value/hash_seed.h
src_libproc_la_SOURCES += src/child/caller_rights.c src/child/caller_rights.h
src_libproc_la_SOURCES += src/client/root_process.c src/client/root_process.h
src_libproc_la_SOURCES += src/child/setup.c
src_libproc_la_SOURCES += src/value/shmem.c
src_libproc_la_SOURCES += src/call/spawn.c
src_libproc_la_SOURCES += src/rights/status.c src/rights/status.h
src_libproc_la_SOURCES += src/call/stdio.c
src_libproc_la_SOURCES += src/value/translate.c src/value/translate.h
src_libproc_la_SOURCES += src/typed/typed.c
src_libproc_la_SOURCES += src/typed/resources.c
src_libproc_la_SOURCES += src/error/visible_text.c src/error/visible_text.h

# What each layer needs to be linked

base_libs = src/libbase.la $(JANSSON_LIBS) -ldl
scope_libs = src/libscope.la $(base_libs)
wire_libs = src/libwire.la $(base_libs)
server_libs = forkserver/libserver.la $(wire_libs)
core_libs = src/libproc.la forkserver/libserver.la src/libscope.la src/libwire.la $(base_libs)

# The installed library shows only what the public headers declare.

lib_LTLIBRARIES += libforkscope.la
libforkscope_la_SOURCES =
libforkscope_la_LIBADD = $(core_libs)
libforkscope_la_LDFLAGS = $(link_flags) $(NO_UNDEFINED) -no-undefined -version-info 0:0:0

pkgconfig_DATA = src/forkscope.pc
