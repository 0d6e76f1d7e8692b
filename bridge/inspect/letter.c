#include "inspect/letter.h"

#include "base/number.h"

#define TOPIC_BYTES 249 /* Kafka's own limit */

/* The headers that are still to be read, the last one first. */
struct rest {
    const struct record_header *headers;
    size_t count;
};

static bool take(struct rest *rest, const char *name, struct slice *value)
{
    if (rest->count == 0)
        return false;
    const struct record_header *last = &rest->headers[rest->count - 1];
    if (!slice_is(last->name, name) || !last->value.data)
        return false;
    *value = last->value;
    rest->count--;
    return true;
}

static bool take_text(struct rest *rest, const char *name, struct slice *value, struct error *err)
{
    if (!take(rest, name, value))
        return error_set(err, ERROR_DECODE, "the header %s is missing", name);
    return !memchr(value->data, '\0', value->size) ||
           error_set(err, ERROR_DECODE, "the header %s is malformed", name);
}

static bool take_number(struct rest *rest, const char *name, int64_t most, int64_t *number,
                        struct error *err)
{
    struct slice text = SLICE_NONE;
    uint64_t value = 0;
    if (!take_text(rest, name, &text, err))
        return false;
    if (!number_count(text, &value, NULL) || value > (uint64_t)most)
        return error_set(err, ERROR_DECODE, "the header %s is malformed", name);
    *number = (int64_t)value;
    return true;
}

static bool take_time(struct rest *rest, const char *name, int64_t *unix_ms, struct error *err)
{
    struct slice text = SLICE_NONE;
    if (!take_text(rest, name, &text, err))
        return false;
    return (number_time(text, unix_ms, NULL) && *unix_ms >= 0) ||
           error_set(err, ERROR_DECODE, "the header %s is malformed", name);
}

static bool is_topic(struct slice name)
{
    if (name.size == 0 || name.size > TOPIC_BYTES)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
        if (!fine)
            return false;
    }
    return true;
}

static bool read_source(struct rest *rest, struct letter *letter, struct error *err)
{
    int64_t partition = 0;
    letter->timestamp_ms = -1;
    bool stamped = rest->count > 0 &&
                   slice_is(rest->headers[rest->count - 1].name, "grapnel-source-timestamp");
    if (stamped && !take_time(rest, "grapnel-source-timestamp", &letter->timestamp_ms, err))
        return false;
    if (!take_number(rest, "grapnel-source-offset", INT64_MAX, &letter->offset, err) ||
        !take_number(rest, "grapnel-source-partition", INT32_MAX, &partition, err) ||
        !take_text(rest, "grapnel-source-topic", &letter->topic, err))
        return false;
    letter->partition = (int32_t)partition;
    return is_topic(letter->topic) ||
           error_set(err, ERROR_DECODE, "the header grapnel-source-topic is malformed");
}

static bool read_verdict(struct rest *rest, struct letter *letter, struct error *err)
{
    letter->status = SLICE_NONE;
    if (!take_text(rest, "grapnel-attempts", &letter->attempts, err))
        return false;
    take(rest, "grapnel-status", &letter->status);
    return take_text(rest, "grapnel-error", &letter->error, err) &&
           take_text(rest, "grapnel-reason", &letter->reason, err) &&
           take_text(rest, "grapnel-subscription", &letter->subscription, err) &&
           take_text(rest, "grapnel-id", &letter->id, err);
}

bool letter_read(const struct record_header *headers, size_t count, struct letter *letter,
                 struct error *err)
{
    struct rest rest = {headers, count};
    if (!take_time(&rest, "grapnel-failed-at", &letter->failed_unix_ms, err) ||
        !read_source(&rest, letter, err) || !read_verdict(&rest, letter, err))
        return false;
    letter->published = headers;
    letter->published_count = rest.count;
    return true;
}
