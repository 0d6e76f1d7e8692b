#include "inspect/account.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_OFFSETS 8192

/* The time is told in years of four digits (base/clock.h): those ten thousand apart are alike. */
#define ALIKE_MS (INT64_C(86400000) * 3652425)

enum bits { DELIVERED = 1, DEAD = 2, WAITING = 4, TWICE = 8, FINAL = DELIVERED | DEAD };

struct page {
    uint32_t stamps[PAGE_OFFSETS];
    unsigned char notes[PAGE_OFFSETS / 2];
};

/* What is known of one record at each offset. Where a topic was made again there are several. */
struct account_layer {
    struct account_layer *next; /* with nothing where this one has nothing */
    struct page *pages[];       /* by offset from `begin`; NULL: nothing is known there */
};

/* ── partitions ──────────────────────────────────────────────────────────── */

static size_t page_count(const struct account_partition *partition)
{
    return (size_t)((partition->end - partition->begin + PAGE_OFFSETS - 1) / PAGE_OFFSETS);
}

static struct account_layer *make_layer(const struct account_partition *partition)
{
    return calloc(1, sizeof(struct account_layer) + page_count(partition) * sizeof(struct page *));
}

static void finish_partition(struct account_partition *partition)
{
    struct account_layer *next = NULL;
    for (struct account_layer *layer = partition->layers; layer; layer = next) {
        for (size_t i = 0; i < page_count(partition); i++)
            free(layer->pages[i]);
        next = layer->next;
        free(layer);
    }
    free(partition->topic);
    ledger_close(&partition->finished);
}

void account_finish(struct account *account)
{
    for (size_t i = 0; i < account->count; i++)
        finish_partition(&account->items[i]);
    free(account->items);
    *account = (struct account){0};
}

static bool grow(struct account *account)
{
    if (account->count < account->capacity)
        return true;
    size_t capacity = account->capacity ? 2 * account->capacity : 16;
    struct account_partition *items = realloc(account->items, capacity * sizeof *items);
    if (!items)
        return false;
    account->items = items;
    account->capacity = capacity;
    return true;
}

struct account_partition *account_add(struct account *account, unsigned subscription,
                                      const char *topic, int32_t partition, int64_t begin,
                                      int64_t end)
{
    if (!grow(account))
        return NULL;
    struct account_partition *added = &account->items[account->count];
    *added = (struct account_partition){
        .subscription = subscription,
        .topic = strdup(topic),
        .partition = partition,
        .begin = begin,
        .end = end > begin ? end : begin,
        .start = begin,
    };
    added->first_noted = added->end;
    added->layers = make_layer(added);
    if (added->topic && added->layers) {
        account->count++;
        return added;
    }
    finish_partition(added);
    return NULL;
}

static int compare_place(const struct account_partition *a, struct slice topic, int32_t partition)
{
    size_t size = strlen(a->topic);
    size_t least = size < topic.size ? size : topic.size;
    int order = least ? memcmp(a->topic, topic.data, least) : 0;
    if (order != 0)
        return order;
    if (size != topic.size)
        return size < topic.size ? -1 : 1;
    return (a->partition > partition) - (a->partition < partition);
}

static int compare(const void *left, const void *right)
{
    const struct account_partition *a = left;
    const struct account_partition *b = right;
    int order = compare_place(a, slice_of(b->topic), b->partition);
    return order ? order
                 : (a->subscription > b->subscription) - (a->subscription < b->subscription);
}

void account_sort(struct account *account)
{
    if (account->count > 0)
        qsort(account->items, account->count, sizeof *account->items, compare);
}

/* The first that is not before this place and subscription. */
static size_t lower_bound(const struct account *account, unsigned subscription, struct slice topic,
                          int32_t partition)
{
    size_t low = 0;
    size_t high = account->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct account_partition *item = &account->items[middle];
        int order = compare_place(item, topic, partition);
        if (order < 0 || (order == 0 && item->subscription < subscription))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct account_partition *account_find(const struct account *account, unsigned subscription,
                                       struct slice topic, int32_t partition)
{
    size_t at = lower_bound(account, subscription, topic, partition);
    if (at == account->count || account->items[at].subscription != subscription ||
        compare_place(&account->items[at], topic, partition) != 0)
        return NULL;
    return &account->items[at];
}

struct account_partition *account_first(const struct account *account, struct slice topic,
                                        int32_t partition, size_t *count)
{
    size_t first = lower_bound(account, 0, topic, partition);
    size_t end = first;
    while (end < account->count && compare_place(&account->items[end], topic, partition) == 0)
        end++;
    *count = end - first;
    return *count > 0 ? &account->items[first] : NULL;
}

/* ── offsets ─────────────────────────────────────────────────────────────── */

/* What is kept of a time; 0: there is none. One in four billion is taken for another. */
static uint32_t stamp_of(int64_t timestamp_ms)
{
    if (timestamp_ms == ACCOUNT_NO_TIME)
        return 0;
    int64_t ms = timestamp_ms % ALIKE_MS;
    uint32_t stamp = (uint32_t)(ms < 0 ? ms + ALIKE_MS : ms);
    return stamp > 0 ? stamp : 1;
}

static unsigned bits_at(const struct page *page, size_t at)
{
    return page ? (unsigned)page->notes[at / 2] >> (at % 2 * 4) & 0xFu : 0;
}

/* Of the record of that time, by what says it, and by what says no time. */
static unsigned noted(const struct account_partition *partition, int64_t offset,
                      int64_t timestamp_ms)
{
    uint32_t stamp = stamp_of(timestamp_ms);
    unsigned all = 0;
    if (offset < partition->begin || offset >= partition->end)
        return 0;
    size_t at = (size_t)(offset - partition->begin);
    for (const struct account_layer *layer = partition->layers; layer; layer = layer->next) {
        const struct page *page = layer->pages[at / PAGE_OFFSETS];
        unsigned bits = bits_at(page, at % PAGE_OFFSETS);
        if (bits == 0)
            break;
        uint32_t said = page->stamps[at % PAGE_OFFSETS];
        if (said == stamp || said == 0)
            all |= bits | (bits & FINAL && all & FINAL ? TWICE : 0u);
    }
    return all;
}

/* The page where that is known, or shall be, of the offset. NULL: no memory. */
static struct page *find_page(struct account_partition *partition, size_t at, uint32_t stamp)
{
    for (struct account_layer *layer = partition->layers;; layer = layer->next) {
        struct page **page = &layer->pages[at / PAGE_OFFSETS];
        bool is_free = bits_at(*page, at % PAGE_OFFSETS) == 0;
        if (!*page)
            *page = calloc(1, sizeof **page);
        if (!*page || is_free || (*page)->stamps[at % PAGE_OFFSETS] == stamp)
            return *page;
        if (!layer->next)
            layer->next = make_layer(partition);
        if (!layer->next)
            return NULL;
    }
}

bool account_note(struct account_partition *partition, int64_t offset, int64_t timestamp_ms,
                  enum account_note note)
{
    static const unsigned bits[] = {[ACCOUNT_DELIVERED] = DELIVERED,
                                    [ACCOUNT_DEAD] = DEAD,
                                    [ACCOUNT_LETTER] = DEAD,
                                    [ACCOUNT_WAITING] = WAITING};
    if (offset < partition->begin || offset >= partition->end)
        return true;
    size_t at = (size_t)(offset - partition->begin);
    uint32_t stamp = stamp_of(timestamp_ms);
    struct page *page = find_page(partition, at, stamp);
    if (!page)
        return false;
    at %= PAGE_OFFSETS;
    bool is_final = note == ACCOUNT_DELIVERED || note == ACCOUNT_DEAD;
    bool again = is_final && bits_at(page, at) & FINAL;
    unsigned bit = bits[note] | (again ? TWICE : 0u);
    page->notes[at / 2] |= (unsigned char)(bit << (at % 2 * 4));
    page->stamps[at] = stamp;
    if (offset < partition->first_noted)
        partition->first_noted = offset;
    return true;
}

int64_t account_from(const struct account_partition *partition)
{
    int64_t first = partition->first_noted;
    return first < partition->start ? first : partition->start;
}

static bool is_finished(struct account_partition *partition, int64_t offset)
{
    struct ledger *ledger = &partition->finished;
    return offset < ledger_position(ledger) || ledger_knows(ledger, offset);
}

/* A replayed letter waits again, until it is delivered or dies anew. */
enum account_state account_judge(const struct account *account, struct account_partition *partition,
                                 int64_t offset, int64_t timestamp_ms)
{
    unsigned bits = noted(partition, offset, timestamp_ms);
    if (bits & DELIVERED)
        return ACCOUNT_IS_DELIVERED;
    if (bits & WAITING)
        return ACCOUNT_IS_UNDER_WAY;
    if (bits & DEAD)
        return ACCOUNT_IS_DEAD;
    if (!is_finished(partition, offset))
        return ACCOUNT_IS_UNDER_WAY;
    return account->silent ? ACCOUNT_IS_UNPROVEN : ACCOUNT_IS_MISSING;
}

void account_count(struct account_counts *counts, const struct account_partition *partition,
                   int64_t offset, int64_t timestamp_ms, enum account_state state)
{
    counts->matching++;
    counts->delivered += state == ACCOUNT_IS_DELIVERED;
    counts->dead += state == ACCOUNT_IS_DEAD;
    counts->under_way += state == ACCOUNT_IS_UNDER_WAY;
    counts->missing += state == ACCOUNT_IS_MISSING;
    counts->unproven += state == ACCOUNT_IS_UNPROVEN;
    counts->twice += (noted(partition, offset, timestamp_ms) & TWICE) != 0;
}
