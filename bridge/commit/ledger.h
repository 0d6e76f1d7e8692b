/* The ledger of one partition: which records are under way, and the offset that may be committed.
 *
 * Records finish in any order; what may be committed is the offset of the lowest one that has not
 * finished, or the one after the last when all have. Offsets that do not exist (compaction,
 * transaction markers) cost nothing: only what was taken is waited for.
 *
 * Pure: no clock, no I/O. Owner: the source thread. */
#ifndef COMMIT_LEDGER_H
#define COMMIT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct ledger_entry {
    int64_t offset;
    bool finished;
    bool expected; /* to finish with the transaction that is under way */
};

/* Offsets from `first` on, before `end`. */
struct ledger_range {
    int64_t first;
    int64_t end;
};

/* Zero-initialised is empty and valid. */
struct ledger {
    struct ledger_entry *entries; /* a ring of `capacity`, which is a power of two */
    size_t capacity;
    size_t first; /* place of the oldest entry; places count up for ever */
    size_t next;  /* place of the next one taken */
    size_t unfinished;
    int64_t last_offset; /* the highest taken */
    int64_t begin;       /* the committed offset it began with, if `begun` */
    bool begun;
    struct ledger_range
        *known; /* what had finished before, ascending; the first is at known_first */
    size_t known_first;
    size_t known_count;
};

void ledger_close(struct ledger *ledger);

/* Begins an empty ledger at a committed offset, with what is known to have finished above it.
 * Takes `known` (malloc's). */
void ledger_begin(struct ledger *ledger, int64_t position, struct ledger_range *known,
                  size_t count);

/* Has the record at this offset finished before? It must then not be sent again: take it and
 * finish it. Asked in ascending order, each offset before it is taken. */
bool ledger_knows(struct ledger *ledger, int64_t offset);

/* A record has been taken; offsets come in ascending order. `place` names it from now on.
 * False: no memory, nothing taken. */
bool ledger_take(struct ledger *ledger, int64_t offset, size_t *place) MUST_CHECK;

/* That record's fate is stored. A second time for the same place is a mistake of ours. True: that
 * is news, since it had not been expected. */
bool ledger_finish(struct ledger *ledger, size_t place);

/* It is stored together with the offset that is committed next, or not at all: until it is finished
 * or that has failed it counts as finished. */
void ledger_expect(struct ledger *ledger, size_t place);
void ledger_withdraw(struct ledger *ledger, size_t place);

/* The offset to commit: all below it are finished. -1: nothing was ever taken or committed. */
int64_t ledger_position(const struct ledger *ledger);

static inline bool ledger_counts_as_finished(const struct ledger_entry *entry)
{
    return entry->finished || entry->expected;
}

/* How many are under way. */
static inline size_t ledger_unfinished(const struct ledger *ledger)
{
    return ledger->unfinished;
}

#endif
