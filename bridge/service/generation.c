#include "service/generation.h"

#include <stdlib.h>

struct generation *generation_create(struct settings *settings, struct catalog *catalog,
                                     const struct generation *before, unsigned workers)
{
    struct generation *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->lanes = lanes_create(settings, catalog, workers);
    made->retries = retry_topics_create(settings, before ? before->retries : NULL);
    if (!made->lanes || !made->retries) {
        generation_destroy(made);
        return NULL;
    }
    made->settings = settings;
    made->catalog = catalog;
    return made;
}

void generation_destroy(struct generation *generation)
{
    if (!generation)
        return;
    lanes_destroy(generation->lanes);
    retry_topics_destroy(generation->retries);
    catalog_destroy(generation->catalog);
    settings_destroy(generation->settings);
    free(generation);
}
