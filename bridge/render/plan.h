/* A subscription's request, compiled once: every expression checked, every constant part encoded.
 * Immutable after plan_create and shared by all threads. */
#ifndef RENDER_PLAN_H
#define RENDER_PLAN_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "config/problems.h"
#include "config/subscription.h"
#include "decode/event.h"
#include "render/request.h"

struct jq;
struct plan;

/* Compiles id, url, query, headers and body. Every mistake is added to `problems` at its place, and
 * then there is no plan: NULL. `namespace` (NULL: none) is put before event ids; `jq` checks the
 * programs that only it knows. All are borrowed for the call only. */
struct plan *plan_create(const struct subscription *sub, const char *namespace, struct jq *jq,
                         struct problems *problems);
void plan_destroy(struct plan *plan);

/* The request for one event: id, method, url, headers and body; `request` is cleared first. What
 * each attempt adds (credentials, webhook-id, webhook-timestamp, signature) is not in it. The body
 * may borrow the event's bytes. `jq` is the thread's; NULL: what only it can say fails.
 * On false `err` is ERROR_RENDER ("query.Amount: missing field .data.amount"), ERROR_TOO_LARGE, or
 * ERROR_MEMORY or ERROR_SYSTEM, which are not the event's fault, and the id is empty if it could
 * not be made. Thread: any, a request each. */
bool plan_render(const struct plan *plan, const struct event *ev, struct jq *jq,
                 struct request *request, struct error *err) MUST_CHECK;

#endif
