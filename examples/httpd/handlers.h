/*
 * handlers.h - the user's code: it may be wrong in every way, and runs where that does no harm
 */
#ifndef HTTPD_HANDLERS_H
#define HTTPD_HANDLERS_H

#include <jansson.h>

/*
 * Called in a process of its own for each request: {"method", "path", "query", "body"}. Returns
 * {"status", "body"}. It opens no file and makes no connection: profile COMPUTE is enough for it.
 */
json_t *handle_request(json_t *request);

#endif
