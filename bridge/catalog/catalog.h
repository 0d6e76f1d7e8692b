/* The catalog: every subscription, compiled. An immutable snapshot that all threads share. */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include <stddef.h>

#include "auth/credential.h"
#include "auth/mask.h"
#include "auth/sign.h"
#include "config/settings.h"
#include "match/filter.h"
#include "match/match.h"
#include "net/http.h"
#include "render/plan.h"

/* One subscription, ready for use. */
struct route {
    const struct subscription *sub;
    unsigned index; /* its place in the catalog */
    struct matcher *matcher;
    struct filter *filter; /* NULL: all */
    struct plan *plan;
    struct signer *signer; /* NULL: unsigned */
    struct credential *credential;
    struct mask *mask; /* for what is shown */
    struct http_options http;
};

struct catalog {
    struct route *routes;
    size_t count;
};

/* Compiles all subscriptions of the settings, which it borrows and which must outlive it. Every
 * mistake that config/ has not reported yet is added to `problems` at its place. When there is one,
 * of either, there is no catalog: NULL. */
struct catalog *catalog_create(const struct settings *settings, struct problems *problems);
void catalog_destroy(struct catalog *catalog);

/* NULL when there is none of that name. */
const struct route *catalog_find(const struct catalog *catalog, const char *name);

#endif
