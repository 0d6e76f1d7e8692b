#include "settle/result.h"

#include "base/clock.h"
#include "base/jtext.h"

const char *verdict_outcome(enum fate_kind fate)
{
    static const char *const names[] = {
        [FATE_DELIVERED] = "delivered", [FATE_RETRY] = "retrying", [FATE_DEAD] = "dead-lettered"};
    return names[fate];
}

bool result_wanted(enum results_record which, enum fate_kind fate)
{
    switch (which) {
    case RECORD_ATTEMPTS:
        return true;
    case RECORD_FAILURES:
        return fate == FATE_DEAD;
    default:
        return fate != FATE_RETRY;
    }
}

static void add_text(struct buffer *out, const char *name, struct slice text)
{
    buffer_add_text(out, name);
    if (text.data)
        jtext_add_string(out, text);
    else
        buffer_add(out, "null", 4);
}

static void add_int(struct buffer *out, const char *name, int64_t value)
{
    buffer_add_text(out, name);
    buffer_add_int(out, value);
}

/* `unix_ms` < 0: null. */
static void add_time(struct buffer *out, const char *name, int64_t unix_ms)
{
    char text[CLOCK_ISO_SIZE];
    buffer_add_text(out, name);
    if (unix_ms < 0) {
        buffer_add(out, "null", 4);
        return;
    }
    clock_iso(unix_ms, text);
    buffer_add_char(out, '"');
    buffer_add(out, text, CLOCK_ISO_SIZE - 1);
    buffer_add_char(out, '"');
}

/* Text that a part of the attempt has only when it came that far. */
static struct slice or_null(const char *text)
{
    return text && *text ? slice_of(text) : SLICE_NONE;
}

static void add_outcome(struct buffer *out, const struct verdict *verdict)
{
    const struct outcome *outcome = verdict->outcome;
    bool failed = outcome->kind != ERROR_NONE;
    add_text(out, ",\"method\":", or_null(outcome->method));
    add_text(out, ",\"url\":", or_null(outcome->url));
    if (outcome->status)
        add_int(out, ",\"status\":", outcome->status);
    else
        buffer_add_text(out, ",\"status\":null");
    add_text(out, ",\"error_kind\":", failed ? slice_of(error_name(outcome->kind)) : SLICE_NONE);
    add_text(out, ",\"error\":", failed ? slice_of(outcome->error) : SLICE_NONE);
    add_text(out, ",\"response\":", outcome->status ? outcome->response : SLICE_NONE);
    add_time(out, ",\"started_at\":", outcome->started_unix_ms);
    add_int(out, ",\"duration_ms\":", (outcome->duration_us + 500) / 1000);
}

void result_write(const struct verdict *verdict, struct buffer *out)
{
    const struct record *record = verdict->record;
    add_text(out, "{\"id\":", verdict->id);
    add_text(out, ",\"subscription\":", verdict->subscription);
    add_text(out, ",\"event_type\":", verdict->event_type);
    add_text(out, ",\"topic\":", slice_of(record->topic));
    add_int(out, ",\"partition\":", record->partition);
    add_int(out, ",\"offset\":", record->offset);
    add_time(out, ",\"timestamp\":", record->timestamp_ms);
    add_text(out, ",\"outcome\":", slice_of(verdict_outcome(verdict->fate)));
    add_int(out, ",\"attempt\":", verdict->attempts);
    add_outcome(out, verdict);
    add_time(out, ",\"next_attempt_at\":",
             verdict->fate == FATE_RETRY ? verdict->next_attempt_unix_ms : -1);
    add_text(out, ",\"instance\":", slice_of(verdict->instance));
    buffer_add_char(out, '}');
}
