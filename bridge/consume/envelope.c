#include "consume/envelope.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/number.h"

#define DELAY_MOST_MS  (INT64_C(30) * 24 * 60 * 60 * 1000) /* of a schedule */
#define SPREAD_MOST_MS 10000                               /* more than what waits differ by */

enum part {
    PART_SUBSCRIPTION,
    PART_ATTEMPTS,
    PART_PASSES,
    PART_DUE,
    PART_LEG,
    PART_FIRST_ATTEMPT,
    PART_TOPIC,
    PART_PARTITION,
    PART_OFFSET,
    PART_TIMESTAMP,
    PART_NOBODYS_SINCE,
    PART_REPLAY,
    PART_KIND,
};

static const char *const names[ENVELOPE_HEADERS] = {
    [PART_SUBSCRIPTION] = "grapnel-retry-subscription",
    [PART_ATTEMPTS] = "grapnel-retry-attempts",
    [PART_PASSES] = "grapnel-retry-passes",
    [PART_DUE] = "grapnel-retry-due",
    [PART_LEG] = "grapnel-retry-leg",
    [PART_FIRST_ATTEMPT] = "grapnel-retry-first-attempt",
    [PART_TOPIC] = "grapnel-retry-topic",
    [PART_PARTITION] = "grapnel-retry-partition",
    [PART_OFFSET] = "grapnel-retry-offset",
    [PART_TIMESTAMP] = "grapnel-retry-timestamp",
    [PART_NOBODYS_SINCE] = "grapnel-retry-nobodys-since",
    [PART_REPLAY] = "grapnel-retry-replay",
    [PART_KIND] = "grapnel-retry-release",
};

static bool add_text(rd_kafka_headers_t *headers, enum part part, struct slice value)
{
    return rd_kafka_header_add(headers, names[part], -1, value.data, (ssize_t)value.size) == 0;
}

static bool add_number(rd_kafka_headers_t *headers, enum part part, int64_t value)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, value);
    return add_text(headers, part, (struct slice){digits, (size_t)size});
}

bool envelope_write(const struct envelope *envelope, rd_kafka_headers_t *headers)
{
    return add_text(headers, PART_SUBSCRIPTION, envelope->subscription) &&
           add_number(headers, PART_ATTEMPTS, envelope->attempts) &&
           add_number(headers, PART_PASSES, envelope->passes) &&
           add_number(headers, PART_DUE, envelope->due_unix_ms) &&
           add_number(headers, PART_LEG, envelope->leg_unix_ms) &&
           add_number(headers, PART_FIRST_ATTEMPT, envelope->first_attempt_unix_ms) &&
           add_text(headers, PART_TOPIC, envelope->topic) &&
           add_number(headers, PART_PARTITION, envelope->partition) &&
           add_number(headers, PART_OFFSET, envelope->offset) &&
           add_number(headers, PART_TIMESTAMP, envelope->timestamp_ms) &&
           add_number(headers, PART_NOBODYS_SINCE, envelope->nobodys_since_unix_ms) &&
           add_number(headers, PART_REPLAY, envelope->replay) &&
           add_number(headers, PART_KIND, envelope->kind);
}

static bool read_number(struct slice text, int64_t least, int64_t most, int64_t *value)
{
    char digits[24];
    if (text.size == 0 || text.size >= sizeof digits)
        return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    char *end = NULL;
    errno = 0;
    long long number = strtoll(digits, &end, 10);
    *value = number;
    return !errno && *end == '\0' && number >= least && number <= most;
}

static bool are_ours(const struct record_header *headers)
{
    for (size_t i = 0; i < ENVELOPE_HEADERS; i++)
        if (!slice_is(headers[i].name, names[i]) || !headers[i].value.data)
            return false;
    return headers[PART_SUBSCRIPTION].value.size > 0 && headers[PART_TOPIC].value.size > 0;
}

bool envelope_read(const struct record_header *headers, size_t count, struct envelope *envelope,
                   struct error *err)
{
    if (count < ENVELOPE_HEADERS || !are_ours(headers + count - ENVELOPE_HEADERS))
        return error_set(err, ERROR_DECODE, "the headers of a retry are missing");
    const struct record_header *last = headers + count - ENVELOPE_HEADERS;
    int64_t attempts = 0;
    int64_t passes = 0;
    int64_t partition = 0;
    int64_t kind = 0;
    *envelope = (struct envelope){.subscription = last[PART_SUBSCRIPTION].value,
                                  .topic = last[PART_TOPIC].value};
    const struct {
        enum part part;
        int64_t least;
        int64_t most;
        int64_t *value;
    } numbers[] = {
        {PART_ATTEMPTS, 0, UINT32_MAX, &attempts},
        {PART_PASSES, 0, UINT32_MAX, &passes},
        {PART_DUE, 0, INT64_MAX, &envelope->due_unix_ms},
        {PART_LEG, 0, INT64_MAX, &envelope->leg_unix_ms},
        {PART_FIRST_ATTEMPT, -1, INT64_MAX, &envelope->first_attempt_unix_ms},
        {PART_PARTITION, 0, INT32_MAX, &partition},
        {PART_OFFSET, 0, INT64_MAX, &envelope->offset},
        {PART_TIMESTAMP, -1, INT64_MAX, &envelope->timestamp_ms},
        {PART_NOBODYS_SINCE, 0, INT64_MAX, &envelope->nobodys_since_unix_ms},
        {PART_REPLAY, 0, INT64_MAX, &envelope->replay},
        {PART_KIND, 0, ENVELOPE_ALONE, &kind},
    };
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (!read_number(last[numbers[i].part].value, numbers[i].least, numbers[i].most,
                         numbers[i].value))
            return error_set(err, ERROR_DECODE, "the headers of a retry are malformed: %s",
                             names[numbers[i].part]);
    envelope->attempts = (unsigned)attempts;
    envelope->passes = (unsigned)passes;
    envelope->partition = (int32_t)partition;
    envelope->kind = (enum envelope_kind)kind;
    return true;
}

/* PREFIX.DELAY. 0: it doesn't say. */
static int64_t delay_of(struct slice topic)
{
    int64_t delay_ms = 0;
    size_t begin = topic.size;
    while (begin > 0 && topic.data[begin - 1] != '.')
        begin--;
    if (!number_duration(slice_from(topic, begin), &delay_ms, NULL))
        return 0;
    return delay_ms < DELAY_MOST_MS ? delay_ms : DELAY_MOST_MS;
}

int64_t envelope_leg_ends(const struct envelope *envelope, struct slice topic, int64_t now_unix_ms)
{
    int64_t latest_ms = now_unix_ms + delay_of(topic) + SPREAD_MOST_MS;
    return envelope->leg_unix_ms < latest_ms ? envelope->leg_unix_ms : latest_ms;
}
