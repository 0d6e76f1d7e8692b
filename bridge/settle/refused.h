/* What Kafka has refused for itself, as too large, in the order in which it is tried again, each
 * alone: at once the first time, since it may have been refused for the others of its batch, then
 * every half minute. Owner: the recorder's thread. */
#ifndef SETTLE_REFUSED_H
#define SETTLE_REFUSED_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct refused {
    struct list once;
    struct list again;
    size_t count;
};

void refused_init(struct refused *refused);

/* Behind those that have been refused as often. `retry_at_ms` is monotonic and stays with what
 * `link` is of: 0 before the first time. */
void refused_put(struct refused *refused, struct list *link, int64_t *retry_at_ms, int64_t now_ms);

/* The next to be tried, when it is time; NULL: there is none. It stays until refused_remove. */
struct list *refused_next(const struct refused *refused);
void refused_remove(struct refused *refused, struct list *link);

#endif
