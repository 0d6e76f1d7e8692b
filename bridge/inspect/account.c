#include "inspect/account.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_OFFSETS 8192
#define PAGE_BYTES   (PAGE_OFFSETS / 2)

enum bits { DELIVERED = 1, DEAD = 2, WAITING = 4, TWICE = 8 };

/* ── partitions ──────────────────────────────────────────────────────────── */

static size_t page_count(const struct account_partition *partition)
{
    return (size_t)((partition->end - partition->begin + PAGE_OFFSETS - 1) / PAGE_OFFSETS);
}

static void finish_partition(struct account_partition *partition)
{
    for (size_t i = 0; partition->pages && i < page_count(partition); i++)
        free(partition->pages[i]);
    free((void *)partition->pages);
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
    };
    added->first_noted = added->end;
    added->pages = (unsigned char **)calloc(page_count(added) + 1, sizeof *added->pages);
    if (added->topic && added->pages) {
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

static unsigned noted(const struct account_partition *partition, int64_t offset)
{
    if (offset < partition->begin || offset >= partition->end)
        return 0;
    size_t at = (size_t)(offset - partition->begin);
    const unsigned char *page = partition->pages[at / PAGE_OFFSETS];
    if (!page)
        return 0;
    return (unsigned)page[at % PAGE_OFFSETS / 2] >> (at % 2 * 4) & 0xFu;
}

bool account_note(struct account_partition *partition, int64_t offset, enum account_note note)
{
    static const unsigned bits[] = {[ACCOUNT_DELIVERED] = DELIVERED,
                                    [ACCOUNT_DEAD] = DEAD,
                                    [ACCOUNT_LETTER] = DEAD,
                                    [ACCOUNT_WAITING] = WAITING};
    if (offset < partition->begin || offset >= partition->end)
        return true;
    size_t at = (size_t)(offset - partition->begin);
    unsigned char **page = &partition->pages[at / PAGE_OFFSETS];
    if (!*page)
        *page = calloc(1, PAGE_BYTES);
    if (!*page)
        return false;
    bool is_final = note == ACCOUNT_DELIVERED || note == ACCOUNT_DEAD;
    bool again = is_final && noted(partition, offset) & (DELIVERED | DEAD);
    unsigned bit = bits[note] | (again ? TWICE : 0u);
    (*page)[at % PAGE_OFFSETS / 2] |= (unsigned char)(bit << (at % 2 * 4));
    if (offset < partition->first_noted)
        partition->first_noted = offset;
    return true;
}

static bool is_finished(struct account_partition *partition, int64_t offset)
{
    struct ledger *ledger = &partition->finished;
    return offset < ledger_position(ledger) || ledger_knows(ledger, offset);
}

/* A replayed letter waits again, until it is delivered or dies anew. */
enum account_state account_judge(const struct account *account, struct account_partition *partition,
                                 int64_t offset)
{
    unsigned bits = noted(partition, offset);
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
                   int64_t offset, enum account_state state)
{
    counts->matching++;
    counts->delivered += state == ACCOUNT_IS_DELIVERED;
    counts->dead += state == ACCOUNT_IS_DEAD;
    counts->under_way += state == ACCOUNT_IS_UNDER_WAY;
    counts->missing += state == ACCOUNT_IS_MISSING;
    counts->unproven += state == ACCOUNT_IS_UNPROVEN;
    counts->twice += (noted(partition, offset) & TWICE) != 0;
}
