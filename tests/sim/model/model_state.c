/* What is remembered of subscriptions: a 410 disables one, for all instances, until a person says
 * otherwise; so does an event that fails for good, where exhausted is stop. */
#include <stdlib.h>
#include <string.h>

#include "sim/model/book.h"

#define HEARD_US INT64_C(5000000) /* until all know of it */

static struct {
    const struct kafka_log *log; /* where that is said; NULL: it is not disabled */
    bool ever;
    bool exhausted; /* an event has failed for good, and stops it */
    int64_t since_us;
} states[SUBSCRIPTIONS_MOST];

bool state_was_told(unsigned subscription)
{
    for (int64_t n = 0; n < (int64_t)book.event_count; n++)
        if (book_fate(subscription, n)->told_410)
            return true;
    return false;
}

void state_heard(unsigned subscription, int64_t number)
{
    bool stops = book.scenario->subscriptions[subscription].stops;
    if (stops && order_has_failed(subscription, book_fate(subscription, number)))
        states[subscription].exhausted = true;
}

void state_take(const struct kafka_log *log, const struct kafka_message *message)
{
    static const char prefix[] = "disabled s";
    size_t length = sizeof prefix - 1;
    if (message->key.size <= length || memcmp(message->key.data, prefix, length) != 0)
        return; /* a key that is parked */
    unsigned subscription = (unsigned)(message->key.data[length] - '0');
    bool disabled =
        memmem(message->value.data, message->value.size, "\"state\":\"disabled\"", 18) != NULL;
    if (disabled && !state_was_told(subscription) && !states[subscription].exhausted)
        world_fail("s%u is disabled, and no receiver said so", subscription);
    if ((states[subscription].log != NULL) == disabled)
        return;
    states[subscription].log = disabled ? log : NULL;
    states[subscription].ever = states[subscription].ever || disabled;
    states[subscription].since_us = world_now_us();
}

const struct kafka_log *model_disabled(unsigned subscription)
{
    return states[subscription].log;
}

bool state_was_disabled(unsigned subscription, int64_t since_us)
{
    return states[subscription].log ||
           (states[subscription].ever && states[subscription].since_us >= since_us);
}

void state_sent(const struct model_request *request)
{
    unsigned s = request->subscription;
    int64_t heard_us = states[s].since_us + HEARD_US;
    if (states[s].log && world_now_us() > heard_us && book.calm_since_us < heard_us)
        world_fail("s%u is disabled, and a request is sent", s);
}
