#include "settle/retry.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/number.h"
#include "settle/fate.h"
#include "settle/headers.h"

#define SHORT_MS       5000
#define MEDIUM_MS      30000
#define MEDIUM_FROM_MS 15000
#define MEDIUM_TO_MS   60000

static bool has_between(const struct retry_topics *topics, int64_t least_ms, int64_t most_ms)
{
    for (size_t i = 0; i < topics->count; i++)
        if (topics->items[i].delay_ms >= least_ms && topics->items[i].delay_ms <= most_ms)
            return true;
    return false;
}

static bool add_delay(struct retry_topics *topics, const char *prefix, int64_t delay_ms, bool there)
{
    char delay[NUMBER_TEXT_SIZE];
    char *name = NULL;
    struct retry_topic *items = realloc(topics->items, (topics->count + 1) * sizeof *items);
    if (!items)
        return false;
    topics->items = items;
    number_duration_text(delay_ms, delay);
    if (asprintf(&name, "%s.%s", prefix, delay) < 0)
        return false;
    items[topics->count].name = name;
    items[topics->count].delay_ms = delay_ms;
    flag_put(&items[topics->count++].there, there);
    return true;
}

static bool add_schedule(struct retry_topics *topics, const char *prefix,
                         const struct subscription_delivery *delivery, bool there)
{
    for (size_t i = 0; i < delivery->retry_count; i++) {
        int64_t delay_ms = delivery->retry_schedule_ms[i];
        if (!has_between(topics, delay_ms, delay_ms) && !add_delay(topics, prefix, delay_ms, there))
            return false;
    }
    return true;
}

/* Without the short one nothing could be replayed. The other only saves writes, so nobody has to
 * create it. */
static bool add_missing(struct retry_topics *topics, const struct settings_topics *settings,
                        bool there)
{
    const char *prefix = settings->retries.data;
    bool medium = settings->create && !has_between(topics, MEDIUM_FROM_MS, MEDIUM_TO_MS);
    return (has_between(topics, 0, SHORT_MS) || add_delay(topics, prefix, SHORT_MS, there)) &&
           (!medium || add_delay(topics, prefix, MEDIUM_MS, there));
}

static bool add_all(struct retry_topics *topics, const struct settings *settings,
                    const struct retry_topics *before)
{
    const char *prefix = settings->topics.retries.data;
    bool fine = true;
    bool first = !before || before->count == 0;
    for (size_t i = 0; fine && !first && i < before->count; i++)
        fine = add_delay(topics, prefix, before->items[i].delay_ms,
                         flag_is_set(&before->items[i].there));
    for (size_t i = 0; fine && i < settings->subscription_count; i++)
        fine = add_schedule(topics, prefix, &settings->subscriptions[i].delivery, first);
    return fine &&
           (settings->subscription_count == 0 || add_missing(topics, &settings->topics, first));
}

struct retry_topics *retry_topics_create(const struct settings *settings,
                                         const struct retry_topics *before)
{
    struct retry_topics *topics = calloc(1, sizeof *topics);
    if (topics && add_all(topics, settings, before))
        return topics;
    retry_topics_destroy(topics);
    return NULL;
}

void retry_topics_destroy(struct retry_topics *topics)
{
    if (!topics)
        return;
    for (size_t i = 0; i < topics->count; i++)
        free(topics->items[i].name);
    free(topics->items);
    free(topics);
}

/* Of what a topic's name may hold only the dot means anything. */
static void add_escaped(struct buffer *out, const char *name)
{
    for (; *name; name++) {
        if (*name == '.')
            buffer_add_char(out, '\\');
        buffer_add_char(out, *name);
    }
}

void retry_topics_add_quoted(struct buffer *out, const char *name)
{
    buffer_add_char(out, '^');
    add_escaped(out, name);
    buffer_add_char(out, '$');
}

void retry_topics_add_pattern(struct buffer *out, const char *prefix)
{
    buffer_add_char(out, '^');
    add_escaped(out, prefix);
    buffer_add_text(out, "\\.[0-9]+(ms|s|m|h|d)$");
}

char *retry_topics_pattern(const char *prefix)
{
    struct buffer pattern = {0};
    retry_topics_add_pattern(&pattern, prefix);
    if (!buffer_text(&pattern))
        buffer_finish(&pattern);
    return pattern.data;
}

size_t retry_topic_for(const struct retry_topics *topics, int64_t wait_ms)
{
    size_t best = topics->count;
    for (size_t i = 0; i < topics->count; i++) {
        int64_t delay_ms = topics->items[i].delay_ms;
        int64_t best_ms = best < topics->count ? topics->items[best].delay_ms : INT64_MAX;
        bool better =
            best_ms > wait_ms ? delay_ms < best_ms : delay_ms > best_ms && delay_ms <= wait_ms;
        if (better && flag_is_set(&topics->items[i].there))
            best = i;
    }
    return best;
}

int64_t retry_about_ms(const struct retry_topics *topics, int64_t wait_ms)
{
    int64_t about_ms = INT64_MAX;
    for (size_t i = 0; i < topics->count; i++) {
        int64_t delay_ms = topics->items[i].delay_ms;
        bool about = delay_ms >= wait_ms && delay_ms / 2 <= wait_ms;
        if (about && delay_ms < about_ms && flag_is_set(&topics->items[i].there))
            about_ms = delay_ms;
    }
    return about_ms < INT64_MAX ? about_ms
                                : topics->items[retry_topic_for(topics, wait_ms)].delay_ms;
}

int64_t retry_leg(const struct retry_topic *topic, int64_t now_unix_ms, int64_t due_unix_ms)
{
    int64_t leg_ms = now_unix_ms + topic->delay_ms + FATE_JITTER_MOST_MS;
    return leg_ms < due_unix_ms ? leg_ms : due_unix_ms;
}

rd_kafka_headers_t *retry_headers(const struct record *record, const struct envelope *envelope)
{
    rd_kafka_headers_t *headers = headers_of_record(record, ENVELOPE_HEADERS);
    if (headers && envelope_write(envelope, headers))
        return headers;
    if (headers)
        rd_kafka_headers_destroy(headers);
    return NULL;
}
