/* A subscription's `filter`: which of the events it would take it wants. Compiled once, immutable,
 * shared by all threads. */
#ifndef MATCH_FILTER_H
#define MATCH_FILTER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "config/problems.h"
#include "decode/event.h"

struct jq;
struct filter;

/* `program` is borrowed, and given. Mistakes are added to `problems` at their place, and then it is
 * NULL; `jq` checks what only it knows, for the time of the call. */
struct filter *filter_create(const struct text *program, struct jq *jq, struct problems *problems);
void filter_destroy(struct filter *filter);

/* What a filter needs of the thread it runs on: reused from one event to the next. */
struct filter_run {
    struct jq *jq;          /* NULL: what only jq can say fails */
    struct buffer scratch;  /* the owner finishes it */
    struct buffer *why_not; /* gets the filter's line and what it comes to; NULL: nobody asks */
};

/* Is its result neither false nor null? No result is no. A NULL filter wants all. False is
 * ERROR_FILTER: it fails, so the event is a dead letter; or ERROR_MEMORY or ERROR_SYSTEM, when it
 * can't be asked just now. */
bool filter_wants(const struct filter *filter, const struct event *ev, struct filter_run *run,
                  bool *wants, struct error *err) MUST_CHECK;

#endif
