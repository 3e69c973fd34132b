/*
 * attributes.c - turns the attributes that the user asks for into a pthread_attr_t and a thread
 * name
 */
#include "src/executor/attributes.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

static int set_scheduling(pthread_attr_t *attr, int policy, int priority)
{
    struct sched_param param = { .sched_priority = priority };
    if (policy == 0 && priority == 0)
        return 0;
    int error = pthread_attr_setinheritsched(attr, PTHREAD_EXPLICIT_SCHED);
    if (error == 0)
        error = pthread_attr_setschedpolicy(attr, policy);
    return error != 0 ? error : pthread_attr_setschedparam(attr, &param);
}

static int set_all(pthread_attr_t *attr, const struct scoped_thread_attributes *wanted)
{
    int error = 0;
    if (wanted->stack_size > 0)
        error = pthread_attr_setstacksize(attr, wanted->stack_size);
    if (error == 0 && wanted->guard_size > 0)
        error = pthread_attr_setguardsize(attr, wanted->guard_size);
    if (error == 0 && wanted->cpus != NULL)
        error = pthread_attr_setaffinity_np(attr, wanted->cpus_size, wanted->cpus);
    return error != 0 ? error : set_scheduling(attr, wanted->policy, wanted->priority);
}

int executor__attributes_init(struct attributes *attributes,
                              const struct scoped_thread_attributes *wanted)
{
    static const struct scoped_thread_attributes defaults;
    if (wanted == NULL)
        wanted = &defaults;
    int error = pthread_attr_init(&attributes->attr);
    if (error != 0)
        return -error;
    error = set_all(&attributes->attr, wanted);
    if (error != 0) {
        pthread_attr_destroy(&attributes->attr);
        return error == ENOMEM ? -ENOMEM : -EINVAL;
    }
    snprintf(attributes->name, sizeof attributes->name, "%s", wanted->name ? wanted->name : "");
    return 0;
}

void executor__attributes_fini(struct attributes *attributes)
{
    pthread_attr_destroy(&attributes->attr);
}

void executor__attributes_apply(const struct attributes *attributes)
{
    if (attributes->name[0] != '\0')
        pthread_setname_np(pthread_self(), attributes->name);
}
