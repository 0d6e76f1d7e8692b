#include "expr/variable.h"

const char *const variable_names[VARIABLE_COUNT] = {"key",       "topic", "partition", "offset",
                                                    "timestamp", "id",    "type",      "headers"};

bool variable_named(struct slice name, enum path_root *root)
{
    for (unsigned i = 0; i < VARIABLE_COUNT; i++) {
        if (slice_is(name, variable_names[i])) {
            *root = (enum path_root)(ROOT_VALUE + 1 + i);
            return true;
        }
    }
    return false;
}

/* The number of the last header of that name, counted from 1; 0: there is none. */
static size_t last_header(const struct record *record, struct slice name)
{
    size_t i = record->header_count;
    while (i > 0 && !slice_equal(record->headers[i - 1].name, name))
        i--;
    return i;
}

bool variable_header(const struct scope *scope, struct slice name, struct value *value)
{
    const struct record *record = scope->ev->record;
    size_t place = last_header(record, name);
    if (place == 0)
        return false;
    *value = value_of_bytes(record->headers[place - 1].value, scope->scratch);
    return true;
}

static bool all_headers(const struct scope *scope, struct value *value, struct error *err)
{
    const struct record *record = scope->ev->record;
    struct buffer made = {0};
    struct buffer *out = scope->scratch;
    if (record->header_count > VARIABLE_HEADERS_MAX)
        return error_set(err, ERROR_RENDER, "$headers: there are more than %d of them",
                         VARIABLE_HEADERS_MAX);
    size_t start = out->size;
    for (size_t i = 0; i < record->header_count; i++) {
        struct slice name = record->headers[i].name;
        if (last_header(record, name) != i + 1)
            continue;
        buffer_add_char(out, out->size == start ? '{' : ',');
        jtext_add_string(out, name);
        buffer_add_char(out, ':');
        struct value header = value_of_bytes(record->headers[i].value, &made);
        value_add_json(&header, out);
        out->no_memory = out->no_memory || made.no_memory;
        out->failed = out->failed || made.failed;
        buffer_clear(&made);
    }
    buffer_add_text(out, out->size == start ? "{}" : "}");
    buffer_finish(&made);
    *value = value_json(slice_from(buffer_slice(out), out->failed ? 0 : start));
    return true;
}

static struct value number(const struct scope *scope, long long n)
{
    size_t start = scope->scratch->size;
    buffer_add_int(scope->scratch, n);
    return value_json(slice_from(buffer_slice(scope->scratch), scope->scratch->failed ? 0 : start));
}

/* `.` of an event that is no JSON. */
static struct value plain_value(const struct scope *scope)
{
    switch (scope->ev->form) {
    case EVENT_TEXT:
        return value_text(scope->ev->value);
    case EVENT_BINARY:
        return value_base64(scope->ev->value, scope->scratch);
    case EVENT_JSON:
    case EVENT_NULL:
        break;
    }
    return value_json(SLICE("null"));
}

bool variable_value(enum path_root root, const struct scope *scope, struct value *value,
                    struct error *err)
{
    const struct record *record = scope->ev->record;
    switch (root) {
    case ROOT_VALUE:
        *value = plain_value(scope);
        break;
    case ROOT_KEY:
        *value = value_of_bytes(record->key, scope->scratch);
        break;
    case ROOT_TOPIC:
        *value = value_text(slice_of(record->topic));
        break;
    case ROOT_PARTITION:
        *value = number(scope, record->partition);
        break;
    case ROOT_OFFSET:
        *value = number(scope, record->offset);
        break;
    case ROOT_TIMESTAMP:
        *value = record->timestamp_ms < 0 ? value_json(SLICE("null"))
                                          : number(scope, record->timestamp_ms);
        break;
    case ROOT_ID:
        *value = value_text(scope->id);
        break;
    case ROOT_TYPE:
        *value = value_of_bytes(scope->ev->type, scope->scratch);
        break;
    case ROOT_HEADERS:
        return all_headers(scope, value, err);
    }
    return true;
}
