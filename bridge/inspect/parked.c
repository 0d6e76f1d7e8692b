#include "inspect/parked.h"

#include <stdlib.h>

void parked_finish(struct parked_letters *parked)
{
    for (size_t i = 0; i < parked->count; i++)
        letter_copy_finish(&parked->items[i]);
    free(parked->items);
    *parked = (struct parked_letters){0};
}

bool parked_add(struct parked_letters *parked, const struct dead_letter *letter)
{
    if (parked->count == parked->capacity) {
        size_t capacity = parked->capacity ? parked->capacity * 2 : 64;
        struct letter_copy *items = realloc(parked->items, capacity * sizeof *items);
        if (!items)
            return false;
        parked->items = items;
        parked->capacity = capacity;
    }
    if (!letter_copy(letter, &parked->items[parked->count]))
        return false;
    parked->count++;
    return true;
}

static int compare_keys(const struct letter_copy *a, const struct letter_copy *b)
{
    int order = slice_compare(a->letter.letter.subscription, b->letter.letter.subscription);
    return order ? order : slice_compare(a->letter.key, b->letter.key);
}

static int compare_events(const struct letter_copy *a, const struct letter_copy *b)
{
    const struct letter *x = &a->letter.letter;
    const struct letter *y = &b->letter.letter;
    int order = compare_keys(a, b);
    if (!order)
        order = slice_compare(x->topic, y->topic);
    if (!order)
        order = (x->partition > y->partition) - (x->partition < y->partition);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

static int by_event(const void *left, const void *right)
{
    const struct letter_copy *a = left;
    const struct letter_copy *b = right;
    int order = compare_events(a, b);
    return order ? order
                 : (a->letter.place > b->letter.place) - (a->letter.place < b->letter.place);
}

void parked_sort(struct parked_letters *parked)
{
    size_t kept = 0;
    if (parked->count)
        qsort(parked->items, parked->count, sizeof *parked->items, by_event);
    for (size_t i = 0; i < parked->count; i++) {
        if (kept > 0 && compare_events(&parked->items[kept - 1], &parked->items[i]) == 0)
            letter_copy_finish(&parked->items[--kept]);
        parked->items[kept++] = parked->items[i];
    }
    parked->count = kept;
}

bool parked_is_last(const struct parked_letters *parked, size_t place)
{
    return place + 1 == parked->count ||
           compare_keys(&parked->items[place], &parked->items[place + 1]) != 0;
}
