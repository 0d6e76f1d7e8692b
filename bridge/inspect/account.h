/* The account of a reconciliation: for each offset of a partition that a subscription reads, what
 * is known to have become of it, and what that proves. Pure: no clock, no I/O. Owner: one thread.
 *
 * An offset names one record until its topic is deleted and made again, so what is known of it is
 * of the record of that time. Four and a half bytes an offset, and only where something is known of
 * its neighbourhood, so that millions of records cost megabytes. */
#ifndef INSPECT_ACCOUNT_H
#define INSPECT_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "commit/ledger.h"

/* What is found of an offset. Results are noted before letters. */
enum account_note {
    ACCOUNT_DELIVERED, /* a final result */
    ACCOUNT_DEAD,      /* a final result; or a dead letter, where no results are written */
    ACCOUNT_LETTER,    /* a dead letter, beside which there should be a result */
    ACCOUNT_WAITING,   /* in a retry topic, not yet taken from there */
};

enum account_state {
    ACCOUNT_IS_DELIVERED,
    ACCOUNT_IS_DEAD,
    ACCOUNT_IS_UNDER_WAY, /* not committed yet, or it waits */
    ACCOUNT_IS_MISSING,   /* committed, and nothing says what became of it */
    ACCOUNT_IS_UNPROVEN,  /* the same, where a delivery leaves nothing that would say so */
};

/* One partition of one subscription. */
struct account_partition {
    unsigned subscription;
    char *topic;
    int32_t partition;
    int64_t begin;          /* offsets from here on, … */
    int64_t end;            /* … before here */
    int64_t start;          /* where the group began, unless something is known from before it */
    int64_t first_noted;    /* the lowest of those that anything is known of; `end`: of none */
    struct ledger finished; /* what the group has committed, and what had finished above it */
    struct account_layer *layers;
};

/* Zero-initialised is empty and valid. */
struct account {
    struct account_partition *items; /* by topic, partition, subscription once sorted */
    size_t count;
    size_t capacity;
    bool silent; /* no results are written of what is delivered */
};

struct account_counts {
    uint64_t matching; /* the sum of the next five */
    uint64_t delivered;
    uint64_t dead;
    uint64_t under_way;
    uint64_t missing;
    uint64_t unproven;
    uint64_t twice; /* of all those: more than one final result */
};

void account_finish(struct account *account);

/* Adds a partition that counts from `begin`; the caller fills `finished`. Valid until the next one
 * is added. NULL: no memory. */
struct account_partition *account_add(struct account *account, unsigned subscription,
                                      const char *topic, int32_t partition, int64_t begin,
                                      int64_t end);

/* After the last one is added, before the first is looked for. */
void account_sort(struct account *account);

/* NULL: there is none. */
struct account_partition *account_find(const struct account *account, unsigned subscription,
                                       struct slice topic, int32_t partition);

/* The first of all subscriptions' in that partition of the topic; the others follow it, and
 * *count says how many they are in all. */
struct account_partition *account_first(const struct account *account, struct slice topic,
                                        int32_t partition, size_t *count);

/* As records, envelopes and letters say that there is none. A record that has none, or what does
 * not say which its record has, is of any. */
#define ACCOUNT_NO_TIME INT64_C(-1)

/* Of the record with that offset and that time. Offsets outside the range are nobody's business.
 * False: no memory. */
bool account_note(struct account_partition *partition, int64_t offset, int64_t timestamp_ms,
                  enum account_note note) MUST_CHECK;

/* From where on records count: a partition of which something is known from before the start
 * appeared later, and was read from its beginning. */
int64_t account_from(const struct account_partition *partition);

/* What became of a record that the subscription wants. Asked in ascending order. */
enum account_state account_judge(const struct account *account, struct account_partition *partition,
                                 int64_t offset, int64_t timestamp_ms);

/* Counts it as that, and if it has more than one final result also as twice. */
void account_count(struct account_counts *counts, const struct account_partition *partition,
                   int64_t offset, int64_t timestamp_ms, enum account_state state);

#endif
