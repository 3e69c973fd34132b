/*
 * bytes.h - bytes inside arguments, results and messages
 *
 * JSON has no type for bytes: a string must be UTF-8. A bytes value holds any bytes, of any number,
 * and can stand anywhere inside an argument, a result or a message of a channel:
 *
 *     argument = json_pack("{s:o, s:i}", "png", procspawn_value_bytes(data, size), "side", 64);
 *     procspawn(thumbnail, argument, &handle);
 *
 * and on the other side, at the same place:
 *
 *     json_t *png = json_object_get(argument, "png");
 *     decode(procspawn_bytes_value(png), procspawn_bytes_length(png));
 *
 * The functions are used as json_string(), json_string_value() and json_string_length() are. Use
 * them for data that is not text, and for names of files, which need not be UTF-8. Base64 is not
 * needed.
 *
 * How bytes travel. They lie beside the JSON text of the message. Nothing escapes or searches them.
 * Strings of 4,096 bytes and more travel in the same way; both sides check that these are UTF-8,
 * since JSON demands it. A buffer that many calls read is cheaper as shared memory (shmem.h), which
 * is not copied.
 *
 * Lifetime. The bytes belong to the JSON value: they are freed with its last reference, here and on
 * the other side. They depend on no handle, in contrast to descriptors (value.h). json_copy()
 * shares them, json_deep_copy() copies them, json_equal() compares them. A copy of the process by
 * fork(2) may read them. They count for the limits of results and of receivers.
 *
 * A bytes value is a JSON object with a reserved key and means bytes only to this library.
 * json_dumps() returns NULL for a value that holds one; procspawn_value_print() shows it. Plain
 * data cannot be mistaken for bytes, and arrives unchanged.
 *
 * Fork:   a value is copied with the process; the copy may be read and freed there.
 */
#ifndef FORKSCOPE_BYTES_H
#define FORKSCOPE_BYTES_H

#include <forkscope/value.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Makes a bytes value. procspawn_value_bytes copies size bytes; data may be NULL if size is 0.
 * procspawn_value_bytes_take takes a block that malloc(3) or realloc(3) has returned (or NULL), and
 * frees it, also on failure. jansson keeps strings in memory of its own, so this form copies the
 * bytes too: it costs as much as the other one and free(3), and needs memory for both for a moment.
 *
 * Returns a new reference, or NULL when out of memory.
 *
 * Safe:   any thread, any process.
 * Cancel: no cancellation point.
 * Source: jansson, json_stringn(); CBOR (RFC 8949), byte strings.
 */
json_t *procspawn_value_bytes(const void *data, size_t size);
json_t *procspawn_value_bytes_take(void *data, size_t size);

/*
 * The bytes of a value, and their number. The pointer is borrowed and stays valid as long as the
 * value. It is aligned as malloc(3) aligns. A byte of 0 follows the last one and is not counted.
 *
 * Return NULL and 0 for a value that is not bytes, and for NULL. An empty bytes value has a pointer
 * that is not NULL.
 *
 * Safe:   any thread, any process, until the value is freed.
 * Cancel: no cancellation point.
 * Source: jansson, json_string_value(), json_string_length().
 */
const void *procspawn_bytes_value(const json_t *value);
size_t procspawn_bytes_length(const json_t *value);

/*
 * Prints a value for people, as json_dumpf() with an indent of two does; NULL: null. Bytes are
 * shown as "<bytes: 1024>", placeholders (value.h) as "<descriptor>", "<shared memory>", "<sender>"
 * and "<receiver>". Characters that have an effect on a terminal are escaped. The output is not
 * meant to be parsed.
 *
 * Returns 0, or
 *   -EIO              the stream has failed
 *   -ENOMEM           out of memory; nothing was printed
 *   PROCSPAWN_EJSON   the value holds a string that is not UTF-8, or itself, or is nested deeper
 *                     than 2,048; nothing was printed
 *
 * Safe:   any thread, any process, while no other thread changes the value.
 * Cancel: a cancellation point, as stdio is.
 * Source: own.
 */
int procspawn_value_print(const json_t *value, FILE *stream);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
