/*
 * image.c - the state that init fixes, and whether it belongs to the calling process
 */
#include "src/image/image.h"

#include "src/base/process.h"
#include "src/base/written.h"
#include <forkscope/error.h>
#include <stdbool.h>
#include <unistd.h>

struct procspawn__image procspawn__image BASE_WRITTEN;

bool procspawn__image_is_ours(void)
{
    const struct procspawn__image *image = &procspawn__image;

    if (image->is_child)
        return image->child == getpid();
    return image->owner != 0 && image->owner == base__process();
}

bool procspawn__image_was_ended(void)
{
    const struct procspawn__image *image = &procspawn__image;

    return image->ended != 0 && image->ended == base__process() &&
           (image->ending || image->owner == 0);
}

bool procspawn__ready(void)
{
    return procspawn__image_is_ours() && !procspawn__image.ending;
}

int procspawn__admitted(void)
{
    if (!procspawn__ready())
        return PROCSPAWN_ENOTINIT;
    return procspawn__image.childless ? PROCSPAWN_ERIGHTS : 0;
}
