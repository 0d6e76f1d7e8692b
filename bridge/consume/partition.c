#include "consume/partition.h"

#include <stdlib.h>
#include <string.h>

static size_t bucket_of(const char *topic, int32_t number)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *topic; topic++)
        hash = (hash ^ (unsigned char)*topic) * 16777619u;
    hash = (hash ^ (uint32_t)number) * 16777619u;
    return hash % PARTITION_BUCKETS;
}

static bool is(const struct partition *partition, const char *topic, int32_t number)
{
    return partition->number == number &&
           (partition->topic == topic || strcmp(partition->topic, topic) == 0);
}

void partitions_init(struct partitions *partitions)
{
    *partitions = (struct partitions){0};
    for (size_t i = 0; i < PARTITION_BUCKETS; i++)
        list_init(&partitions->buckets[i]);
}

void partitions_finish(struct partitions *partitions)
{
    for (size_t i = 0; i < PARTITION_BUCKETS; i++)
        while (!list_empty(&partitions->buckets[i]))
            partitions_remove(partitions,
                              CONTAINER_OF(partitions->buckets[i].next, struct partition, link));
}

struct partition *partitions_find(struct partitions *partitions, const char *topic, int32_t number)
{
    if (partitions->last && is(partitions->last, topic, number))
        return partitions->last;
    struct list *bucket = &partitions->buckets[bucket_of(topic, number)];
    for (struct list *link = bucket->next; link != bucket; link = link->next) {
        struct partition *partition = CONTAINER_OF(link, struct partition, link);
        if (is(partition, topic, number)) {
            partitions->last = partition;
            return partition;
        }
    }
    return NULL;
}

struct partition *partitions_add(struct partitions *partitions, const char *topic, int32_t number,
                                 uint32_t assignment)
{
    struct partition *old = partitions_find(partitions, topic, number);
    if (old)
        partitions_remove(partitions, old);
    struct partition *partition = calloc(1, sizeof *partition);
    if (!partition)
        return NULL;
    partition->topic = topic;
    partition->number = number;
    partition->assignment = assignment;
    list_push(&partitions->buckets[bucket_of(topic, number)], &partition->link);
    partitions->count++;
    return partition;
}

void partitions_remove(struct partitions *partitions, struct partition *partition)
{
    if (partitions->last == partition)
        partitions->last = NULL;
    list_remove(&partition->link);
    ledger_close(&partition->ledger);
    free(partition);
    partitions->count--;
}

struct partition *partitions_next(struct partitions *partitions, struct partition *after)
{
    size_t i = after ? bucket_of(after->topic, after->number) : 0;
    struct list *link = after ? after->link.next : partitions->buckets[0].next;
    while (link == &partitions->buckets[i]) {
        if (++i == PARTITION_BUCKETS)
            return NULL;
        link = partitions->buckets[i].next;
    }
    return CONTAINER_OF(link, struct partition, link);
}
