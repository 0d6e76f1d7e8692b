#include "inspect/parked.h"

#include <stdlib.h>

void parked_finish(struct parked_letters *parked)
{
    for (size_t i = 0; i < parked->count; i++)
        letter_copy_finish(&parked->items[i].copy);
    free(parked->items);
    *parked = (struct parked_letters){0};
}

bool parked_add(struct parked_letters *parked, const struct dead_letter *letter)
{
    if (parked->count == parked->capacity) {
        size_t capacity = parked->capacity ? parked->capacity * 2 : 64;
        struct parked_letter *items = realloc(parked->items, capacity * sizeof *items);
        if (!items)
            return false;
        parked->items = items;
        parked->capacity = capacity;
    }
    struct parked_letter *item = &parked->items[parked->count];
    *item = (struct parked_letter){.turn = letter->letter.failed_unix_ms};
    if (!letter_copy(letter, &item->copy))
        return false;
    parked->count++;
    return true;
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_keys(const struct parked_letter *a, const struct parked_letter *b)
{
    const struct dead_letter *x = &a->copy.letter;
    const struct dead_letter *y = &b->copy.letter;
    int order = slice_compare(x->letter.subscription, y->letter.subscription);
    return order ? order : slice_compare(x->key, y->key);
}

static int compare_partitions(const struct parked_letter *a, const struct parked_letter *b)
{
    const struct letter *x = &a->copy.letter.letter;
    const struct letter *y = &b->copy.letter.letter;
    int order = slice_compare(x->topic, y->topic);
    return order ? order : compare_numbers(x->partition, y->partition);
}

static int compare_offsets(const struct parked_letter *a, const struct parked_letter *b)
{
    return compare_numbers(a->copy.letter.letter.offset, b->copy.letter.letter.offset);
}

static int compare_events(const struct parked_letter *a, const struct parked_letter *b)
{
    int order = compare_keys(a, b);
    order = order ? order : compare_partitions(a, b);
    return order ? order : compare_offsets(a, b);
}

static int by_event(const void *left, const void *right)
{
    const struct parked_letter *a = left;
    const struct parked_letter *b = right;
    int order = compare_events(a, b);
    return order ? order : compare_numbers(a->copy.letter.place, b->copy.letter.place);
}

static int by_turn(const void *left, const void *right)
{
    const struct parked_letter *a = left;
    const struct parked_letter *b = right;
    int order = compare_keys(a, b);
    order = order ? order : compare_numbers(a->turn, b->turn);
    return order ? order : compare_events(a, b);
}

/* Of each event the last letter, and the time of the earliest. */
static void keep_last(struct parked_letters *parked)
{
    size_t kept = 0;
    for (size_t i = 0; i < parked->count; i++) {
        struct parked_letter *item = &parked->items[i];
        if (kept > 0 && compare_events(&parked->items[kept - 1], item) == 0) {
            struct parked_letter *before = &parked->items[--kept];
            item->turn = before->turn < item->turn ? before->turn : item->turn;
            letter_copy_finish(&before->copy);
        }
        parked->items[kept++] = *item;
    }
    parked->count = kept;
}

/* Within a partition a turn is never before that of an earlier event: by clocks alone it could be.
 */
static void take_turns(struct parked_letters *parked)
{
    for (size_t i = 0; i < parked->count; i++) {
        struct parked_letter *item = &parked->items[i];
        struct parked_letter *next = i + 1 < parked->count ? item + 1 : NULL;
        item->last = !next || compare_keys(item, next) || compare_partitions(item, next);
        if (!item->last && next->turn < item->turn)
            next->turn = item->turn;
    }
}

void parked_sort(struct parked_letters *parked)
{
    if (parked->count == 0)
        return;
    qsort(parked->items, parked->count, sizeof *parked->items, by_event);
    keep_last(parked);
    take_turns(parked);
    qsort(parked->items, parked->count, sizeof *parked->items, by_turn);
}
