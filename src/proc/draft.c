#include "src/proc/internal.h"

#include <stdlib.h>
#include <unistd.h>

void procspawn__draft_init(struct procspawn__draft *draft)
{
    *draft = (struct procspawn__draft){
        .block.grows = true,
        .text.grows = true,
        .cwd = -1,
        .stdio = { -1, -1, -1 },
        .pipes = { -1, -1, -1 },
    };
}

void procspawn__draft_fini(struct procspawn__draft *draft)
{
    free(draft->block.bytes);
    free(draft->text.bytes);
    if (draft->cwd >= 0)
        close(draft->cwd);
    for (int i = 0; i < 3; i++) {
        if (draft->owned[i])
            close(draft->stdio[i]);
        if (draft->pipes[i] >= 0)
            close(draft->pipes[i]);
    }
}
