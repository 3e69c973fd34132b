/*
 * resources.c - buffers, descriptors and channel ends as parameters and results of typed functions
 *
 * JSON null stands for none: a NULL pointer, or a negative descriptor.
 */
#include <errno.h>
#include <forkscope/channel.h>
#include <forkscope/shmem.h>
#include <forkscope/typed.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <unistd.h>

static int give(json_t *json, json_t **ret_json)
{
    if (!json)
        return -ENOMEM;
    *ret_json = json;
    return 0;
}

/* ---- shared buffers ---- */

int procspawn__pack_shmem(procspawn_shmem *value, json_t **ret_json)
{
    return give(value ? procspawn_value_shmem(value) : json_null(), ret_json);
}

int procspawn__pack_result_shmem(procspawn_shmem *value, json_t **ret_json)
{
    return give(value ? procspawn_value_shmem_take(value) : json_null(), ret_json);
}

int procspawn__unpack_shmem(const json_t *json, procspawn_shmem **ret_value)
{
    if (!json_is_null(json))
        return procspawn_value_claim_shmem(json, ret_value);
    *ret_value = NULL;
    return 0;
}

void procspawn__release_shmem(procspawn_shmem **value)
{
    procspawn_shmem_unref(*value);
}

/* ---- descriptors ---- */

int procspawn__pack_fd(int value, json_t **ret_json)
{
    return give(value >= 0 ? procspawn_value_fd(value) : json_null(), ret_json);
}

int procspawn__pack_result_fd(int value, json_t **ret_json)
{
    return give(value >= 0 ? procspawn_value_fd_take(value) : json_null(), ret_json);
}

int procspawn__unpack_fd(const json_t *json, int *ret_value)
{
    if (!json_is_null(json))
        return procspawn_value_claim_fd(json, ret_value);
    *ret_value = -1;
    return 0;
}

void procspawn__release_fd(int *value)
{
    if (*value >= 0)
        close(*value);
}

/* ---- senders ---- */

int procspawn__pack_sender(procspawn_sender *value, json_t **ret_json)
{
    return give(value ? procspawn_value_sender(value) : json_null(), ret_json);
}

int procspawn__pack_result_sender(procspawn_sender *value, json_t **ret_json)
{
    return give(value ? procspawn_value_sender_take(value) : json_null(), ret_json);
}

int procspawn__unpack_sender(const json_t *json, procspawn_sender **ret_value)
{
    if (!json_is_null(json))
        return procspawn_value_claim_sender(json, ret_value);
    *ret_value = NULL;
    return 0;
}

void procspawn__release_sender(procspawn_sender **value)
{
    procspawn_sender_free(*value);
}

/* ---- receivers ---- */

int procspawn__pack_receiver(procspawn_receiver *value, json_t **ret_json)
{
    return give(value ? procspawn_value_receiver(value) : json_null(), ret_json);
}

int procspawn__pack_result_receiver(procspawn_receiver *value, json_t **ret_json)
{
    return give(value ? procspawn_value_receiver_take(value) : json_null(), ret_json);
}

int procspawn__unpack_receiver(const json_t *json, procspawn_receiver **ret_value)
{
    if (!json_is_null(json))
        return procspawn_value_claim_receiver(json, ret_value);
    *ret_value = NULL;
    return 0;
}

void procspawn__release_receiver(procspawn_receiver **value)
{
    procspawn_receiver_free(*value);
}
