/* The partitions a lane has been given, each with its ledger. Owner: the source thread. */
#ifndef CONSUME_PARTITION_H
#define CONSUME_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "commit/ledger.h"

#define PARTITION_BUCKETS 256

struct record;

struct partition {
    struct list link;  /* in its bucket */
    const char *topic; /* interned by the lane */
    int32_t number;
    uint32_t assignment; /* which assignment this is: a record of an earlier one changes nothing */
    struct ledger ledger;
    int64_t low;     /* the first offset there is, as far as is known */
    int64_t end;     /* the offset after the last one published, as far as is known */
    bool dirty;      /* something finished since the last commit that succeeded or is under way */
    size_t out;      /* records in memory, workers' included */
    bool settling;   /* its offset is in a transaction that is not over */
    bool leaving;    /* paused: it is being taken away */
    bool rewinds;    /* paused: it is read again once nothing of it is in memory */
    bool unread;     /* paused: what is committed of it is not known yet */
    bool may_stray;  /* it was unread, and nothing has come of it since */
    uint32_t barred; /* paused: until it is known which keys are parked; 0: not so */
    bool full;       /* paused: the commit's metadata could not tell of more */
    struct record *head; /* paused: a retry that is not due yet; NULL: none */
};

struct partitions {
    struct list buckets[PARTITION_BUCKETS];
    struct partition *last; /* the one found last: records come in runs */
    size_t count;
};

void partitions_init(struct partitions *partitions);
void partitions_finish(struct partitions *partitions);

/* NULL if it is not assigned. */
struct partition *partitions_find(struct partitions *partitions, const char *topic, int32_t number);

/* A fresh one with an empty ledger; one that is there already is replaced. NULL: no memory. */
struct partition *partitions_add(struct partitions *partitions, const char *topic, int32_t number,
                                 uint32_t assignment);
void partitions_remove(struct partitions *partitions, struct partition *partition);

/* For walking all: the first for NULL, else the one after; NULL at the end. Removing the one that
 * was returned before is not allowed meanwhile. */
struct partition *partitions_next(struct partitions *partitions, struct partition *after);

#endif
