/* Another catalog, and other shares of what all instances have together.
 *
 * The happy path: each endpoint goes on with the route that its subscription has now; what is in
 * flight ends by the route it was sent by, and its catalog is let go of with the last of those.
 * What can fail: nothing; what has no subscription any more is handed on or read again. */
#include <stdlib.h>

#include "base/memory.h"
#include "deliver/worker_private.h"

/* Of a rate, in millionths: that of the lane's partitions, and that of the retries'. Whoever has
 * none of the one may have some of the other, and all instances' parts add up to the whole. */
#define OF_LANE    900000u
#define OF_RETRIES 100000u

/* ── which catalog is in use ─────────────────────────────────────────────── */

static void reserve(struct worker *worker, size_t endpoints, size_t lanes)
{
    if (endpoints > worker->endpoint_count) {
        worker->endpoints =
            memory_need(realloc(worker->endpoints, endpoints * sizeof(struct endpoint *)));
        for (size_t i = worker->endpoint_count; i < endpoints; i++)
            worker->endpoints[i] = NULL;
        worker->endpoint_count = endpoints;
    }
    if (lanes > worker->share_count) {
        worker->shares = memory_need(realloc(worker->shares, lanes * sizeof *worker->shares));
        for (size_t i = worker->share_count; i < lanes; i++)
            worker->shares[i] = (struct share){0};
        worker->share_count = lanes;
    }
}

void worker_use(struct worker *worker, const struct catalog *catalog)
{
    worker->use = memory_need(calloc(1, sizeof *worker->use));
    worker->use->catalog = catalog;
    worker->options.catalog = catalog;
    worker->places.shared = catalog->count > 1;
    reserve(worker, catalog->count, catalog->lane_count);
}

void worker_end_use(struct worker *worker, struct catalog_use *use)
{
    if (use == worker->use || use->sending > 0)
        return;
    worker->options.hooks.let_go(worker->options.hooks.context, use->catalog);
    free(use);
}

/* ── what an endpoint may send ───────────────────────────────────────────── */

static unsigned part_of(struct share share, unsigned of)
{
    if (share.whole == 0)
        return of; /* until it is known */
    return (unsigned)((uint64_t)of * (share.here < share.whole ? share.here : share.whole) /
                      share.whole);
}

static void set_share(struct worker *worker, struct endpoint *endpoint)
{
    const struct route *route = endpoint->route;
    unsigned part =
        part_of(worker->shares[route->lane], OF_LANE) + part_of(worker->retries_share, OF_RETRIES);
    unsigned spread = worker_spread(worker->options.workers, route->sub->delivery.in_flight);
    rate_set_share(&endpoint->rate, worker_serves(worker, route) ? part : 0,
                   (OF_LANE + OF_RETRIES) * spread, loop_now_ms(worker->loop));
}

static void limit_rate(struct worker *worker, struct endpoint *endpoint)
{
    struct number_rate value = endpoint->route->sub->delivery.rate;
    int64_t now_ms = loop_now_ms(worker->loop);
    if (value.count == 0)
        endpoint->rate = (struct rate){0};
    else if (endpoint->rate.whole == 0)
        rate_init(&endpoint->rate, value, now_ms);
    else
        rate_set_value(&endpoint->rate, value, now_ms);
    if (value.count > 0)
        set_share(worker, endpoint);
}

static void limit_order(struct worker *worker, struct endpoint *endpoint)
{
    const struct subscription_delivery *delivery = &endpoint->route->sub->delivery;
    bool parks = delivery->exhausted == EXHAUSTED_PARK;
    if (!delivery->ordered)
        return;
    if (!endpoint->order) {
        endpoint->order = memory_need(malloc(sizeof *endpoint->order));
        order_init(endpoint->order, parks, worker->seed);
    }
    endpoint->order->parks = parks;
}

static void set_breaker(struct worker *worker, struct endpoint *endpoint, bool fresh)
{
    const struct subscription_delivery *delivery = &endpoint->route->sub->delivery;
    const struct breaker_policy policy = {
        .failures = delivery->breaker_failures,
        .pause_ms = delivery->breaker_pause_ms,
        .timeout_ms = delivery->timeout_ms,
        .rank = worker->options.index,
    };
    breaker_change(&endpoint->breaker, policy, fresh);
}

void worker_limit(struct worker *worker, struct endpoint *endpoint)
{
    set_breaker(worker, endpoint, false);
    limit_rate(worker, endpoint);
    limit_order(worker, endpoint);
}

/* ── another route ───────────────────────────────────────────────────────── */

void worker_renew_route(struct delivery *delivery)
{
    if (delivery->endpoint->route)
        delivery->route = delivery->endpoint->route;
}

static void renew_all(struct list *deliveries)
{
    for (struct list *link = deliveries->next; link != deliveries; link = link->next)
        worker_renew_route(CONTAINER_OF(link, struct delivery, link));
}

bool worker_same_receiver(const struct route *a, const struct route *b)
{
    return a && b &&
           slice_equal(text_slice(&a->sub->request.url), text_slice(&b->sub->request.url));
}

/* What waits is given up where it can't stay: nobody will send it here, or its lane reads it again
 * so that nothing overtakes it. Until then all of it has the route there was. */
static void change_endpoint(struct worker *worker, struct endpoint *endpoint,
                            const struct route *route)
{
    const struct route *before = endpoint->route;
    const struct route *now = route->sub ? route : NULL;
    unsigned places = now ? worker_places(worker, now) : 0;
    bool ordered = now && now->sub->delivery.ordered;
    if (before && (places == 0 || ordered != endpoint->ordered))
        worker_abandon_endpoint(worker, endpoint);
    endpoint_set_route(endpoint, now, places);
    if (!now)
        return;
    renew_all(&endpoint->queued);
    renew_all(&endpoint->tried);
    renew_all(&endpoint->waiting);
    worker_limit(worker, endpoint);
    if (!worker_same_receiver(before, now)) {
        endpoint->silent = 0;
        endpoint->proven = false;
        set_breaker(worker, endpoint, true);
    }
    worker_note_ready(worker, endpoint);
}

void worker_obey_change(struct worker *worker, struct change *change)
{
    const struct worker_hooks *hooks = &worker->options.hooks;
    struct catalog_use *before = worker->use;
    worker_use(worker, change->catalog);
    for (size_t i = 0; i < worker->endpoint_count; i++)
        if (worker->endpoints[i])
            change_endpoint(worker, worker->endpoints[i], &change->catalog->routes[i]);
    hooks->change(hooks->context, change->catalog, change->with);
    worker_end_use(worker, before);
    free(change);
}

void worker_obey_share(struct worker *worker, struct share_news *news)
{
    if (news->lane == WORKER_RETRIES)
        worker->retries_share = news->share;
    else if (news->lane < worker->share_count)
        worker->shares[news->lane] = news->share;
    for (size_t i = 0; i < worker->endpoint_count; i++) {
        struct endpoint *endpoint = worker->endpoints[i];
        bool concerned = endpoint && endpoint->limited &&
                         (news->lane == WORKER_RETRIES || news->lane == endpoint->route->lane);
        if (!concerned)
            continue;
        set_share(worker, endpoint);
        worker_note_ready(worker, endpoint);
    }
    free(news);
}
