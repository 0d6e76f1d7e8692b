#include "settle/result.h"

#include "base/clock.h"
#include "base/jtext.h"

const struct result_field result_fields[RESULT_FIELDS] = {
#define FIELD(place, name, type, text) {name, RESULT_##type, text},
#include "settle/result.def"
};

const char *verdict_outcome(enum fate_kind fate)
{
    static const char *const names[] = {
        [FATE_DELIVERED] = "delivered",
        [FATE_RETRY] = "retrying",
        [FATE_DEAD] = "dead-lettered",
        [FATE_STOP] = "retrying",
    };
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
        return fate == FATE_DELIVERED || fate == FATE_DEAD;
    }
}

/* ── what is in it ───────────────────────────────────────────────────────── */

static struct result_value text(struct slice said)
{
    return (struct result_value){.is_null = !said.data, .text = said};
}

/* Text that a part of the attempt has only when it came that far. */
static struct result_value text_or_null(const char *said)
{
    return text(said && *said ? slice_of(said) : SLICE_NONE);
}

static struct result_value number(int64_t value)
{
    return (struct result_value){.number = value};
}

static struct result_value number_or_null(bool given, int64_t value)
{
    return (struct result_value){.is_null = !given, .number = value};
}

static void read_outcome(const struct outcome *outcome, struct result_value *values)
{
    bool failed = outcome->kind != ERROR_NONE;
    values[RESULT_METHOD] = text_or_null(outcome->method);
    values[RESULT_URL] = text_or_null(outcome->url);
    values[RESULT_STATUS] = number_or_null(outcome->status != 0, outcome->status);
    values[RESULT_ERROR_KIND] = text(failed ? slice_of(error_name(outcome->kind)) : SLICE_NONE);
    values[RESULT_ERROR] = text(failed ? slice_of(outcome->error) : SLICE_NONE);
    values[RESULT_RESPONSE] = text(outcome->status ? outcome->response : SLICE_NONE);
    values[RESULT_STARTED_AT] = number(outcome->started_unix_ms);
    values[RESULT_DURATION_MS] = number((outcome->duration_us + 500) / 1000);
}

void result_read(const struct verdict *verdict, struct result_value values[RESULT_FIELDS])
{
    const struct record *record = verdict->record;
    values[RESULT_ID] = text(verdict->id);
    values[RESULT_SUBSCRIPTION] = text(verdict->subscription);
    values[RESULT_EVENT_TYPE] = text(verdict->event_type);
    values[RESULT_TOPIC] = text(slice_of(record->topic));
    values[RESULT_PARTITION] = number(record->partition);
    values[RESULT_OFFSET] = number(record->offset);
    values[RESULT_TIMESTAMP] = number_or_null(record->timestamp_ms >= 0, record->timestamp_ms);
    values[RESULT_OUTCOME] = text(slice_of(verdict_outcome(verdict->fate)));
    values[RESULT_ATTEMPT] = number(verdict->attempts);
    read_outcome(verdict->outcome, values);
    values[RESULT_NEXT_ATTEMPT_AT] =
        number_or_null(verdict->fate == FATE_RETRY, verdict->next_attempt_unix_ms);
    values[RESULT_INSTANCE] = text(slice_of(verdict->instance));
}

/* ── JSON ────────────────────────────────────────────────────────────────── */

static const struct slice json_names[RESULT_FIELDS] = {
#define FIELD(place, name, type, text) SLICE_INIT(",\"" name "\":"),
#include "settle/result.def"
};

static void add_time(struct buffer *out, int64_t unix_ms)
{
    char iso[CLOCK_ISO_SIZE];
    clock_iso(unix_ms, iso);
    buffer_add_char(out, '"');
    buffer_add(out, iso, CLOCK_ISO_SIZE - 1);
    buffer_add_char(out, '"');
}

static void add_value(struct buffer *out, enum result_type type, const struct result_value *value)
{
    if (value->is_null)
        buffer_add(out, "null", 4);
    else if (type == RESULT_TEXT)
        jtext_add_string(out, value->text);
    else if (type == RESULT_TIME)
        add_time(out, value->number);
    else
        buffer_add_int(out, value->number);
}

void result_write(const struct verdict *verdict, struct buffer *out)
{
    struct result_value values[RESULT_FIELDS];
    result_read(verdict, values);
    buffer_add_char(out, '{');
    for (size_t i = 0; i < RESULT_FIELDS; i++) {
        buffer_add_slice(out, i ? json_names[i] : slice_from(json_names[i], 1));
        add_value(out, result_base_type(result_fields[i].type), &values[i]);
    }
    buffer_add_char(out, '}');
}

/* ── the schema ──────────────────────────────────────────────────────────── */

/* Null comes first, so that it can be the default of readers that don't find the field. */
void result_write_schema(struct buffer *out)
{
    static const char *const types[] = {
        [RESULT_TEXT] = "\"string\"",
        [RESULT_INT] = "\"int\"",
        [RESULT_LONG] = "\"long\"",
        [RESULT_TIME] = "{\"type\": \"long\", \"logicalType\": \"timestamp-millis\"}",
    };
    buffer_add_text(out,
                    "{\"type\": \"record\", \"name\": \"DeliveryResult\", \"namespace\": "
                    "\"grapnel\", \"doc\": \"What became of one delivery, or of one attempt at "
                    "it.\", \"fields\": [");
    for (size_t i = 0; i < RESULT_FIELDS; i++) {
        const struct result_field *field = &result_fields[i];
        const char *type = types[result_base_type(field->type)];
        buffer_print(out, "%s{\"name\": \"%s\", \"doc\": \"%s\", \"type\": ", i ? ", " : "",
                     field->name, field->text);
        if (field->type >= RESULT_TEXT_OR_NULL)
            buffer_print(out, "[\"null\", %s], \"default\": null}", type);
        else
            buffer_print(out, "%s}", type);
    }
    buffer_add_text(out, "]}");
}
