#include "catalog/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "jq/jq.h"

/* ── one subscription ────────────────────────────────────────────────────── */

/* False: it can't be used. A signature that is asked for and can't be made is no route: nothing
 * leaves unsigned by mistake. */
static bool compile(struct route *route, const struct subscription *sub,
                    const struct settings *settings, struct jq *jq, struct problems *problems)
{
    route->sub = sub;
    route->matcher = matcher_create(sub, problems);
    if (sub->filter.data)
        route->filter = filter_create(&sub->filter, jq, problems);
    route->plan = plan_create(sub, settings->namespace_.data, jq, problems);
    route->signer = signer_create(sub, problems);
    route->credential = credential_create(sub, problems);
    route->mask = mask_create(sub);
    route->http = (struct http_options){
        .ca_file = sub->tls.ca_file.data,
        .pinned_public_key = sub->tls.pinned_public_key.data,
        .tls_1_3 = sub->tls.min_version == TLS_1_3,
        .http2 = sub->delivery.http == HTTP_2,
    };
    return route->matcher && (route->filter || !sub->filter.data) && route->plan &&
           (route->signer || sub->sign_style == SIGN_NONE);
}

static void free_compiled(struct route *route)
{
    matcher_destroy(route->matcher);
    filter_destroy(route->filter);
    plan_destroy(route->plan);
    signer_destroy(route->signer);
    credential_destroy(route->credential);
    mask_destroy(route->mask);
}

/* ── places ──────────────────────────────────────────────────────────────── */

/* What is looked up while a catalog is made: names in order, with their places. */
struct place_of {
    const char *name;
    unsigned place;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct place_of *)a)->name, ((const struct place_of *)b)->name);
}

static const struct place_of *find(const struct place_of *places, size_t count, const char *name)
{
    const struct place_of key = {.name = name};
    return count ? bsearch(&key, places, count, sizeof key, by_name) : NULL;
}

/* The routes of before, without what they were compiled to. */
static bool keep_routes(struct catalog *catalog, const struct catalog *before,
                        struct place_of *known)
{
    for (size_t i = 0; before && i < before->count; i++) {
        struct route *route = &catalog->routes[catalog->count];
        route->name = strdup(before->routes[i].name);
        if (!route->name)
            return false;
        route->index = (unsigned)catalog->count++;
        known[i] = (struct place_of){route->name, route->index};
    }
    if (catalog->count)
        qsort(known, catalog->count, sizeof *known, by_name);
    return true;
}

static struct route *place_route(struct catalog *catalog, const struct place_of *known,
                                 size_t known_count, const char *name)
{
    const struct place_of *old = find(known, known_count, name);
    if (old)
        return &catalog->routes[old->place];
    struct route *route = &catalog->routes[catalog->count];
    route->name = strdup(name);
    if (!route->name)
        return NULL;
    route->index = (unsigned)catalog->count++;
    return route;
}

/* Goes on after the first mistake, so that all are reported. One jq checks all programs. */
static bool add_routes(struct catalog *catalog, const struct settings *settings,
                       const struct place_of *known, size_t known_count, struct problems *problems)
{
    bool fine = true;
    struct jq *jq = jq_create();
    for (size_t i = 0; i < settings->subscription_count; i++) {
        const struct subscription *sub = &settings->subscriptions[i];
        struct route *route =
            sub->name ? place_route(catalog, known, known_count, sub->name) : NULL;
        struct route scratch = {0}; /* of one without a name, or with one that is taken */
        fine = route && !route->sub && fine;
        if (route && !route->sub) {
            fine = compile(route, sub, settings, jq, problems) && fine;
            continue;
        }
        compile(&scratch, sub, settings, jq, problems);
        free_compiled(&scratch);
    }
    jq_destroy(jq);
    return fine;
}

static bool make_routes(struct catalog *catalog, const struct settings *settings,
                        const struct catalog *before, struct problems *problems)
{
    size_t most = settings->subscription_count + (before ? before->count : 0);
    catalog->routes = calloc(most + 1, sizeof *catalog->routes);
    struct place_of *known = calloc(most + 1, sizeof *known);
    if (most > METRICS_SERIES_MAX)
        problems_add(problems, (struct place){0},
                     "more than %zu subscriptions have come and gone: restart", METRICS_SERIES_MAX);
    bool fine = catalog->routes && known && most <= METRICS_SERIES_MAX &&
                keep_routes(catalog, before, known);
    fine = fine && add_routes(catalog, settings, known, catalog->count, problems);
    free(known);
    return fine;
}

/* ── lanes ───────────────────────────────────────────────────────────────── */

static int by_group(const void *left, const void *right)
{
    const struct route *a = *(const struct route *const *)left;
    const struct route *b = *(const struct route *const *)right;
    int order = strcmp(subscription_group(a->sub), subscription_group(b->sub));
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static bool keep_lanes(struct catalog *catalog, const struct catalog *before,
                       struct place_of *known)
{
    for (size_t i = 0; before && i < before->lane_count; i++) {
        struct lane_route *lane = &catalog->lanes[catalog->lane_count];
        lane->group = strdup(before->lanes[i].group);
        if (!lane->group)
            return false;
        known[i] = (struct place_of){lane->group, (unsigned)catalog->lane_count++};
    }
    if (catalog->lane_count)
        qsort(known, catalog->lane_count, sizeof *known, by_name);
    return true;
}

static bool add_lane(struct catalog *catalog, struct route **members, size_t count,
                     const struct place_of *known, size_t known_count)
{
    char *group = NULL;
    if (asprintf(&group, GROUP_PREFIX "%s", subscription_group(members[0]->sub)) < 0)
        return false;
    const struct place_of *old = find(known, known_count, group);
    unsigned place = old ? old->place : (unsigned)catalog->lane_count++;
    struct lane_route *lane = &catalog->lanes[place];
    if (old)
        free(group);
    else
        lane->group = group;
    lane->members = calloc(count, sizeof *lane->members);
    if (!lane->members)
        return false;
    lane->count = count;
    for (size_t i = 0; i < count; i++) {
        lane->members[i] = members[i]->index;
        members[i]->lane = place;
        members[i]->alone = count == 1;
    }
    return true;
}

static bool add_lanes(struct catalog *catalog, struct route **sorted, size_t count,
                      const struct place_of *known, size_t known_count)
{
    for (size_t first = 0, end = 0; first < count; first = end) {
        const char *group = subscription_group(sorted[first]->sub);
        for (end = first + 1; end < count; end++)
            if (strcmp(group, subscription_group(sorted[end]->sub)) != 0)
                break;
        if (!add_lane(catalog, sorted + first, end - first, known, known_count))
            return false;
    }
    return true;
}

static bool make_lanes(struct catalog *catalog, const struct catalog *before)
{
    size_t most = catalog->count + (before ? before->lane_count : 0);
    struct place_of *known = calloc(most + 1, sizeof *known);
    struct route **sorted = calloc(catalog->count + 1, sizeof(struct route *));
    catalog->lanes = calloc(most + 1, sizeof *catalog->lanes);
    bool fine = known && sorted && catalog->lanes && keep_lanes(catalog, before, known);
    size_t count = 0;
    for (size_t i = 0; fine && i < catalog->count; i++)
        if (catalog->routes[i].sub)
            sorted[count++] = &catalog->routes[i];
    if (count)
        qsort(sorted, count, sizeof(struct route *), by_group);
    fine = fine && add_lanes(catalog, sorted, count, known, catalog->lane_count);
    free(sorted);
    free(known);
    return fine;
}

/* ── the whole ───────────────────────────────────────────────────────────── */

struct catalog *catalog_create(const struct settings *settings, const struct catalog *before,
                               struct problems *problems)
{
    struct catalog *catalog = calloc(1, sizeof *catalog);
    bool fine = catalog && make_routes(catalog, settings, before, problems);
    if (fine && problems->count == 0 && !make_lanes(catalog, before)) {
        problems_add(problems, (struct place){0}, "no memory");
        fine = false;
    }
    if (fine && problems->count == 0)
        return catalog;
    if (problems->count == 0)
        problems_add(problems, (struct place){0}, "no memory");
    catalog_destroy(catalog);
    return NULL;
}

void catalog_destroy(struct catalog *catalog)
{
    if (!catalog)
        return;
    for (size_t i = 0; i < catalog->count; i++) {
        struct route *route = &catalog->routes[i];
        free(route->name);
        free_compiled(route);
    }
    free(catalog->routes);
    for (size_t i = 0; i < catalog->lane_count; i++) {
        free(catalog->lanes[i].group);
        free(catalog->lanes[i].members);
    }
    free(catalog->lanes);
    free(catalog);
}

const struct route *catalog_find(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (catalog->routes[i].sub && strcmp(catalog->routes[i].name, name) == 0)
            return &catalog->routes[i];
    return NULL;
}
