/* What a stranger writes to a retry topic: grapnel didn't, so it is nobody's, and becomes a dead
 * letter that names no subscription. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model/book.h"
#include "sim/world/memory.h"

struct stray {
    struct stray *next;
    const struct kafka_log *log;
    int64_t offset;
    bool letter;
};

static struct stray *strays;

static struct stray *find(const struct kafka_log *log, int64_t offset)
{
    for (struct stray *stray = strays; stray; stray = stray->next)
        if (stray->log == log && stray->offset == offset)
            return stray;
    return NULL;
}

void stray_take(const struct kafka_log *log, int64_t offset)
{
    struct stray *stray = memory_get(sizeof *stray);
    *stray = (struct stray){.next = strays, .log = log, .offset = offset};
    strays = stray;
}

bool stray_is(const struct kafka_log *log, int64_t offset)
{
    return find(log, offset) != NULL;
}

void stray_take_letter(const struct kafka_log *log, int64_t offset, const char *subscription,
                       const char *reason)
{
    if (*subscription || strcmp(reason, "decode") != 0)
        world_fail("what a stranger wrote to %s became a dead letter of \"%s\", reason %s",
                   log->topic->name, subscription, reason);
    find(log, offset)->letter = true;
}

void stray_check(const struct kafka_log *log, int64_t offset)
{
    const struct stray *stray = find(log, offset);
    if (stray && !stray->letter)
        world_fail("promise 1: what a stranger wrote to %s [%d] @%" PRId64
                   " is committed, and no dead letter",
                   log->topic->name, (int)log->number, offset);
}
