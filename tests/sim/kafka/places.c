#include <stdlib.h>
#include <string.h>

#include "sim/kafka/group.h"
#include "sim/world/memory.h"
#include "sim/world/process.h"

void places_add(struct kafka_places *places, struct kafka_log *log)
{
    struct process *before = process_enter(NULL);
    struct kafka_log **logs = memory_get((places->count + 1) * sizeof(struct kafka_log *));
    if (places->count)
        memcpy(logs, places->logs, places->count * sizeof(struct kafka_log *));
    free(places->logs);
    places->logs = logs;
    logs[places->count++] = log;
    process_enter(before);
}

bool places_have(const struct kafka_places *places, const struct kafka_log *log)
{
    for (size_t i = 0; i < places->count; i++)
        if (places->logs[i] == log)
            return true;
    return false;
}

void places_copy(struct kafka_places *to, const struct kafka_places *from)
{
    places_finish(to);
    for (size_t i = 0; i < from->count; i++)
        places_add(to, from->logs[i]);
}

void places_finish(struct kafka_places *places)
{
    free(places->logs);
    *places = (struct kafka_places){0};
}

void group_offsets_finish(struct group_offsets *offsets)
{
    for (size_t i = 0; i < offsets->count; i++)
        free(offsets->items[i].metadata);
    free(offsets->items);
    offsets->items = NULL;
    offsets->count = 0;
}
