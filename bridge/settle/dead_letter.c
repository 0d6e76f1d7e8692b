#include "settle/dead_letter.h"

#include <stdio.h>

#include "base/clock.h"
#include "settle/headers.h"

static void add(rd_kafka_headers_t *headers, const char *name, struct slice value)
{
    rd_kafka_header_add(headers, name, -1, value.data ? value.data : "", (ssize_t)value.size);
}

static void add_int(rd_kafka_headers_t *headers, const char *name, int64_t value)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%lld", (long long)value);
    add(headers, name, (struct slice){digits, (size_t)size});
}

static void add_time(rd_kafka_headers_t *headers, const char *name, int64_t unix_ms)
{
    char text[CLOCK_ISO_SIZE];
    if (unix_ms < 0)
        return;
    clock_iso(unix_ms, text);
    add(headers, name, slice_of(text));
}

rd_kafka_headers_t *dead_letter_headers(const struct verdict *verdict)
{
    const struct record *record = verdict->record;
    const struct outcome *outcome = verdict->outcome;
    rd_kafka_headers_t *headers = headers_of_record(record, 11);
    if (!headers)
        return NULL;
    add(headers, "grapnel-id", verdict->id);
    add(headers, "grapnel-subscription", verdict->subscription);
    add(headers, "grapnel-reason", slice_of(error_name(outcome->kind)));
    add(headers, "grapnel-error", slice_of(outcome->error));
    if (outcome->status)
        add_int(headers, "grapnel-status", outcome->status);
    add_int(headers, "grapnel-attempts", verdict->attempts);
    add(headers, "grapnel-source-topic", slice_of(record->topic));
    add_int(headers, "grapnel-source-partition", record->partition);
    add_int(headers, "grapnel-source-offset", record->offset);
    add_time(headers, "grapnel-source-timestamp", record->timestamp_ms);
    add_time(headers, "grapnel-failed-at", verdict->now_unix_ms);
    return headers;
}
