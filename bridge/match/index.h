/* Which of many subscriptions may want an event: found by its topic and type, at a cost that
 * depends on how many do and hardly on how many there are.
 *
 * What is looked up of a topic is gathered when the topic is first seen, so an index belongs to one
 * thread. It answers by topic and type alone; matcher_wants has the last word. */
#ifndef MATCH_INDEX_H
#define MATCH_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "config/subscription.h"
#include "match/match.h"

/* One subscription, by the number the caller knows it by. */
struct index_entry {
    const struct matcher *matcher;
    const struct subscription *sub;
    unsigned number;
};

struct index;
struct index_topic;

/* Borrows the entries, which outlive it. NULL: no memory. */
struct index *index_create(const struct index_entry *entries, size_t count);
void index_destroy(struct index *index);

/* The subscriptions of a topic. NULL: no memory. */
struct index_topic *index_topic(struct index *index, const char *topic);

/* How many of them read its records in that format. */
size_t index_count(const struct index_topic *topic, enum format format);

/* Those of them whose `events` may take an event of that type: how many, and with *numbers which,
 * each once, in no order; valid until the next call. `type` data NULL: all. */
size_t index_find(struct index *index, const struct index_topic *topic, enum format format,
                  struct slice type, const unsigned **numbers);

#endif
