#include "tests/support/bad_workers.h"

#include "src/child/reply.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/raw_messages.h"

#include <sys/socket.h>
#include <unistd.h>

void bad_say(int channel, enum words words)
{
    static const struct wire_header broken = { .type = WIRE_RESULT, .length = 77 };
    struct wire_value value = { .generation = procspawn__reply.generation - 1, .length = 4 };
    const struct wire_part parts[] = { { &value, sizeof value }, { "null", 4 } };
    const struct wire_death death = { .status = 0 };

    switch (words) {
    case BROKEN:
        send(channel, &broken, sizeof broken, MSG_NOSIGNAL);
        break;
    case SENSELESS:
        wire__send(channel, WIRE_VALUE, parts, 2, NULL, 0, false);
        break;
    case DEATH_OF_ITS_OWN:
        wire__send_struct(channel, WIRE_DEATH, &death, sizeof death, -1, false);
        break;
    case EMPTY:
        send(channel, "", 0, MSG_NOSIGNAL);
        break;
    case SHORT_ANSWER:
        wire__send_struct(channel, WIRE_RESULT, &value, 3, -1, false);
        break;
    case WRONG_LENGTH:
        value.length = 5;
        wire__send(channel, WIRE_RESULT, parts, 2, NULL, 0, false);
        break;
    default:
        wire__send(channel, WIRE_RESULT, parts, 2, NULL, 0, false);
    }
}

json_t *bad_say_for_ever(json_t *words)
{
    int channel = raw_channel();

    for (;;)
        bad_say(channel, (enum words)json_integer_value(words));
    return NULL;
}

json_t *bad_leave_a_stranger(json_t *words)
{
    int channel = raw_channel();

    if (fork() != 0)
        return json_null();
    setsid();
    for (;;)
        bad_say(channel, (enum words)json_integer_value(words));
}

json_t *bad_flood_with_strangers(json_t *words)
{
    enum { STRANGERS = 8 };

    for (int i = 0; i < STRANGERS; i++)
        json_decref(bad_leave_a_stranger(words));
    return calls_hang(NULL);
}
