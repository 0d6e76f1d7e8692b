#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "jq/jq.h"

/* False: it can't be used. A signature that is asked for and can't be made is no route: nothing
 * leaves unsigned by mistake. */
static bool compile(struct route *route, const struct settings *settings, unsigned index,
                    struct jq *jq, struct problems *problems)
{
    const struct subscription *sub = &settings->subscriptions[index];
    route->sub = sub;
    route->index = index;
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

/* Goes on after the first mistake, so that all are reported. One jq checks all programs. */
static bool compile_all(struct catalog *catalog, const struct settings *settings,
                        struct problems *problems)
{
    bool ok = true;
    struct jq *jq = jq_create();
    for (unsigned i = 0; i < catalog->count; i++)
        ok = compile(&catalog->routes[i], settings, i, jq, problems) && ok;
    jq_destroy(jq);
    return ok && problems->count == 0;
}

struct catalog *catalog_create(const struct settings *settings, struct problems *problems)
{
    size_t count = settings->subscription_count;
    struct catalog *catalog = calloc(1, sizeof *catalog);
    if (catalog)
        catalog->routes = calloc(count + 1, sizeof *catalog->routes);
    if (!catalog || !catalog->routes) {
        problems_add(problems, (struct place){0}, "no memory");
        free(catalog);
        return NULL;
    }
    catalog->count = count;
    if (compile_all(catalog, settings, problems))
        return catalog;
    catalog_destroy(catalog);
    return NULL;
}

void catalog_destroy(struct catalog *catalog)
{
    if (!catalog)
        return;
    for (size_t i = 0; i < catalog->count; i++) {
        matcher_destroy(catalog->routes[i].matcher);
        filter_destroy(catalog->routes[i].filter);
        plan_destroy(catalog->routes[i].plan);
        signer_destroy(catalog->routes[i].signer);
        credential_destroy(catalog->routes[i].credential);
        mask_destroy(catalog->routes[i].mask);
    }
    free(catalog->routes);
    free(catalog);
}

const struct route *catalog_find(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (strcmp(catalog->routes[i].sub->name, name) == 0)
            return &catalog->routes[i];
    return NULL;
}
