#include "commit/ledger.h"

#include <assert.h>
#include <stdlib.h>

static struct ledger_entry *entry_at(const struct ledger *ledger, size_t place)
{
    return &ledger->entries[place & (ledger->capacity - 1)];
}

void ledger_close(struct ledger *ledger)
{
    free(ledger->entries);
    free(ledger->known);
    *ledger = (struct ledger){0};
}

void ledger_begin(struct ledger *ledger, int64_t position, struct ledger_range *known, size_t count)
{
    assert(ledger->next == 0 && !ledger->known);
    ledger->begin = position;
    ledger->begun = true;
    ledger->known = known;
    ledger->known_first = 0;
    ledger->known_count = count;
}

bool ledger_knows(struct ledger *ledger, int64_t offset)
{
    while (ledger->known_first < ledger->known_count &&
           ledger->known[ledger->known_first].end <= offset)
        ledger->known_first++;
    return ledger->known_first < ledger->known_count &&
           ledger->known[ledger->known_first].first <= offset;
}

static bool grow(struct ledger *ledger)
{
    struct ledger bigger = *ledger;
    bigger.capacity = ledger->capacity ? ledger->capacity * 2 : 64;
    bigger.entries = malloc(bigger.capacity * sizeof *bigger.entries);
    if (!bigger.entries)
        return false;
    for (size_t place = ledger->first; place != ledger->next; place++)
        *entry_at(&bigger, place) = *entry_at(ledger, place);
    free(ledger->entries);
    *ledger = bigger;
    return true;
}

bool ledger_take(struct ledger *ledger, int64_t offset, size_t *place)
{
    if (ledger->next - ledger->first == ledger->capacity && !grow(ledger))
        return false;
    *place = ledger->next++;
    *entry_at(ledger, *place) = (struct ledger_entry){.offset = offset};
    ledger->last_offset = offset;
    ledger->unfinished++;
    return true;
}

static struct ledger_entry *unfinished_at(const struct ledger *ledger, size_t place)
{
    assert(place - ledger->first < ledger->next - ledger->first);
    struct ledger_entry *entry = entry_at(ledger, place);
    assert(!entry->finished);
    return entry;
}

bool ledger_finish(struct ledger *ledger, size_t place)
{
    struct ledger_entry *entry = unfinished_at(ledger, place);
    entry->finished = true;
    ledger->unfinished--;
    while (ledger->first != ledger->next && entry_at(ledger, ledger->first)->finished)
        ledger->first++;
    return !entry->expected;
}

void ledger_expect(struct ledger *ledger, size_t place)
{
    unfinished_at(ledger, place)->expected = true;
}

void ledger_withdraw(struct ledger *ledger, size_t place)
{
    unfinished_at(ledger, place)->expected = false;
}

int64_t ledger_position(const struct ledger *ledger)
{
    for (size_t place = ledger->first; place != ledger->next; place++)
        if (!ledger_counts_as_finished(entry_at(ledger, place)))
            return entry_at(ledger, place)->offset;
    if (ledger->next)
        return ledger->last_offset + 1;
    return ledger->begun ? ledger->begin : -1;
}
