#include "settle/refused.h"

#include <stdbool.h>

#define RETRY_MS 30000

void refused_init(struct refused *refused)
{
    list_init(&refused->once);
    list_init(&refused->again);
    refused->count = 0;
}

void refused_put(struct refused *refused, struct list *link, int64_t *retry_at_ms, int64_t now_ms)
{
    bool alone = *retry_at_ms > 0;
    *retry_at_ms = now_ms + (alone ? RETRY_MS : 0);
    list_push(alone ? &refused->again : &refused->once, link);
    refused->count++;
}

struct list *refused_next(const struct refused *refused)
{
    if (!list_empty(&refused->once))
        return refused->once.next;
    return list_empty(&refused->again) ? NULL : refused->again.next;
}

void refused_remove(struct refused *refused, struct list *link)
{
    list_remove(link);
    refused->count--;
}
