#include "settle/own_topics.h"

#include <string.h>

#include "base/compiler.h"
#include "settle/retry.h"

struct lane_topics {
    const struct catalog *catalog;
    const struct lane_route *lane;
};

typedef bool topic_is(const char *topic, const char *name);

static bool is_that(const char *topic, const char *name)
{
    return strcmp(topic, name) == 0;
}

static bool is_a_retry_topic(const char *topic, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(topic, prefix, size) == 0 && topic[size] == '.';
}

/* By any subscription of the lane. */
static bool is_named(const struct lane_topics *topics, topic_is *is, const char *name)
{
    for (size_t i = 0; i < topics->lane->count; i++) {
        const struct route *route = &topics->catalog->routes[topics->lane->members[i]];
        for (size_t j = 0; j < route->sub->topics.count; j++)
            if (is(route->sub->topics.items[j].data, name))
                return true;
    }
    return false;
}

static void add_or(struct buffer *out, size_t begun)
{
    if (out->size > begun)
        buffer_add_char(out, '|');
}

void own_topics_add(struct buffer *out, const struct settings *settings,
                    const struct catalog *catalog, const struct lane_route *lane)
{
    const struct lane_topics topics = {catalog, lane};
    const struct settings_topics *own = &settings->topics;
    const char *const names[] = {own->results.data, own->dead_letters.data, own->state.data,
                                 own->webhooks.data};
    size_t begun = out->size;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!names[i] || is_named(&topics, is_that, names[i]))
            continue;
        add_or(out, begun);
        retry_topics_add_quoted(out, names[i]);
    }
    if (is_named(&topics, is_a_retry_topic, own->retries.data))
        return;
    add_or(out, begun);
    retry_topics_add_pattern(out, own->retries.data);
}
