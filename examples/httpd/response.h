/*
 * response.h - what a client is answered: a status and a JSON text
 */
#ifndef HTTPD_RESPONSE_H
#define HTTPD_RESPONSE_H

#include <jansson.h>
#include <stdbool.h>

/* Sends it; body is taken. False if the client is gone, or does not read. */
bool response_send(int fd, int status, json_t *body, bool keep_alive);

#endif
