#include "consume/record.h"

#include <stdlib.h>
#include <string.h>

#define ABANDONED 0x80000000u /* a bit of claims */

static size_t bytes_needed(const struct record_source *from)
{
    size_t bytes = sizeof(struct record) + from->header_count * sizeof(struct record_header) +
                   from->key.size + from->value.size + from->owner.size + from->topic.size + 1;
    for (size_t i = 0; i < from->header_count; i++)
        bytes += from->headers[i].name.size + from->headers[i].value.size;
    return bytes;
}

static struct slice copy(char **room, struct slice text)
{
    if (!text.data)
        return SLICE_NONE;
    struct slice here = {*room, text.size};
    memcpy(*room, text.data, text.size);
    *room += text.size;
    return here;
}

struct record *record_create(const struct record_source *from)
{
    size_t bytes = bytes_needed(from);
    struct record *record = malloc(bytes);
    if (!record)
        return NULL;
    struct record_header *headers = (struct record_header *)(record + 1);
    char *room = (char *)(headers + from->header_count);
    for (size_t i = 0; i < from->header_count; i++) {
        headers[i].name = copy(&room, from->headers[i].name);
        headers[i].value = copy(&room, from->headers[i].value);
    }
    char *topic = room;
    memcpy(topic, from->topic.data, from->topic.size);
    topic[from->topic.size] = '\0';
    room += from->topic.size + 1;
    *record = (struct record){
        .topic = topic,
        .owner = copy(&room, from->owner),
        .first_attempt_unix_ms = -1,
        .partition = from->partition,
        .offset = from->offset,
        .timestamp_ms = from->timestamp_ms,
        .key = copy(&room, from->key),
        .value = copy(&room, from->value),
        .headers = headers,
        .header_count = from->header_count,
        .bytes = bytes + RECORD_OVERHEAD_BYTES,
    };
    list_init(&record->message.link);
    atomic_init(&record->claims, 1);
    return record;
}

void record_destroy(struct record *record)
{
    free(record);
}

struct slice record_header(const struct record *record, const char *name)
{
    for (size_t i = record->header_count; i > 0; i--)
        if (slice_is(record->headers[i - 1].name, name))
            return record->headers[i - 1].value;
    return SLICE_NONE;
}

void record_claim(struct record *record)
{
    atomic_fetch_add_explicit(&record->claims, 1, memory_order_relaxed);
}

bool record_release(struct record *record)
{
    return (atomic_fetch_sub_explicit(&record->claims, 1, memory_order_acq_rel) & ~ABANDONED) == 1;
}

unsigned record_claims(const struct record *record)
{
    return atomic_load_explicit(&record->claims, memory_order_acquire) & ~ABANDONED;
}

void record_abandon(struct record *record)
{
    atomic_fetch_or_explicit(&record->claims, ABANDONED, memory_order_relaxed);
}

bool record_is_abandoned(const struct record *record)
{
    return atomic_load_explicit(&record->claims, memory_order_relaxed) & ABANDONED;
}
