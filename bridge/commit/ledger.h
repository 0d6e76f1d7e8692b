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
};

/* Zero-initialised is empty and valid. */
struct ledger {
    struct ledger_entry *entries; /* a ring of `capacity`, which is a power of two */
    size_t capacity;
    size_t first; /* place of the oldest entry; places count up for ever */
    size_t next;  /* place of the next one taken */
    size_t unfinished;
    int64_t last_offset; /* the highest taken */
};

void ledger_close(struct ledger *ledger);

/* A record has been taken; offsets come in ascending order. `place` names it from now on.
 * False: no memory, nothing taken. */
bool ledger_take(struct ledger *ledger, int64_t offset, size_t *place) MUST_CHECK;

/* That record's fate is stored. A second time for the same place is a mistake of ours. */
void ledger_finish(struct ledger *ledger, size_t place);

/* The offset to commit: all below it are finished. -1: nothing was ever taken. */
int64_t ledger_position(const struct ledger *ledger);

/* How many are under way. */
static inline size_t ledger_unfinished(const struct ledger *ledger)
{
    return ledger->unfinished;
}

#endif
