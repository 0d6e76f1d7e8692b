#include "cli/letter_page.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/jtext.h"
#include "base/utf8.h"
#include "cli/terminal.h"

#define NAMES_WIDTH 14

/* ── for people ──────────────────────────────────────────────────────────── */

static void print_name(struct buffer *out, const char *name)
{
    buffer_print(out, "%-*s", NAMES_WIDTH, name);
}

static void print_text(struct buffer *out, const char *name, struct slice text)
{
    print_name(out, name);
    terminal_clean(out, text, false);
    buffer_add_char(out, '\n');
}

static void print_bytes(struct buffer *out, struct slice bytes, bool lines)
{
    if (!bytes.data)
        buffer_add_text(out, "null");
    else if (utf8_valid(bytes))
        terminal_clean(out, bytes, lines);
    else
        base64_add(out, bytes);
    if (bytes.data && !utf8_valid(bytes))
        buffer_add_text(out, "  (base64)");
    buffer_add_char(out, '\n');
}

static void print_time(struct buffer *out, const char *name, int64_t unix_ms)
{
    char text[CLOCK_ISO_SIZE];
    if (unix_ms < 0)
        return;
    clock_iso(unix_ms, text);
    print_text(out, name, slice_of(text));
}

static void print_headers(struct buffer *out, const struct letter *said)
{
    if (said->published_count == 0)
        return;
    buffer_add_text(out, "headers\n");
    for (size_t i = 0; i < said->published_count; i++) {
        buffer_add_text(out, "  ");
        terminal_clean(out, said->published[i].name, false);
        buffer_add_text(out, ": ");
        print_bytes(out, said->published[i].value, false);
    }
}

void letter_page_print(const struct dead_letter *letter, struct buffer *out)
{
    const struct letter *said = &letter->letter;
    print_name(out, "dead letter");
    buffer_print(out, "%d:%lld\n", (int)letter->partition, (long long)letter->place);
    print_text(out, "id", said->id);
    print_text(out, "subscription", said->subscription);
    print_text(out, "reason", said->reason);
    print_text(out, "error", said->error);
    if (said->status.data)
        print_text(out, "status", said->status);
    print_text(out, "attempts", said->attempts);
    print_time(out, "failed at", said->failed_unix_ms);
    print_name(out, "source");
    buffer_print(out, "topic %.*s, partition %d, offset %lld\n", SLICE_ARGS(said->topic),
                 (int)said->partition, (long long)said->offset);
    print_time(out, "published at", said->timestamp_ms);
    print_headers(out, said);
    print_name(out, "key");
    print_bytes(out, letter->key, false);
    buffer_print(out, "value, %zu bytes\n", letter->value.size);
    print_bytes(out, letter->value, true);
}

/* ── JSON ────────────────────────────────────────────────────────────────── */

static void add_string(struct buffer *out, const char *name, struct slice text)
{
    buffer_print(out, ",\"%s\":", name);
    if (text.data)
        jtext_add_string(out, text);
    else
        buffer_add_text(out, "null");
}

/* Digits as they stand where they are a number, else a string. */
static void add_number(struct buffer *out, const char *name, struct slice text)
{
    bool digits = text.size > 0 && text.size < 19 && (text.size == 1 || text.data[0] != '0');
    for (size_t i = 0; i < text.size; i++)
        digits = digits && text.data[i] >= '0' && text.data[i] <= '9';
    if (!digits) {
        add_string(out, name, text);
        return;
    }
    buffer_print(out, ",\"%s\":", name);
    buffer_add_slice(out, text);
}

static void add_time(struct buffer *out, const char *name, int64_t unix_ms)
{
    char text[CLOCK_ISO_SIZE];
    if (unix_ms >= 0)
        clock_iso(unix_ms, text);
    add_string(out, name, unix_ms < 0 ? SLICE_NONE : slice_of(text));
}

static void add_bytes(struct buffer *out, const char *name, struct slice bytes)
{
    if (!bytes.data || utf8_valid(bytes)) {
        add_string(out, name, bytes);
        return;
    }
    buffer_print(out, ",\"%s_base64\":\"", name);
    base64_add(out, bytes);
    buffer_add_char(out, '"');
}

static void add_headers(struct buffer *out, const struct letter *said)
{
    buffer_add_text(out, ",\"headers\":[");
    for (size_t i = 0; i < said->published_count; i++) {
        buffer_add_text(out, i ? ",{\"name\":" : "{\"name\":");
        jtext_add_string(out, said->published[i].name);
        add_bytes(out, "value", said->published[i].value);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
}

void letter_page_json(const struct dead_letter *letter, bool whole, struct buffer *out)
{
    const struct letter *said = &letter->letter;
    buffer_print(out, "{\"position\":\"%d:%lld\"", (int)letter->partition,
                 (long long)letter->place);
    add_string(out, "id", said->id);
    add_string(out, "subscription", said->subscription);
    add_string(out, "reason", said->reason);
    add_string(out, "error", said->error);
    add_number(out, "status", said->status);
    add_number(out, "attempts", said->attempts);
    add_string(out, "topic", said->topic);
    buffer_print(out, ",\"partition\":%d,\"offset\":%lld", (int)said->partition,
                 (long long)said->offset);
    add_time(out, "timestamp", said->timestamp_ms);
    add_time(out, "failed_at", said->failed_unix_ms);
    if (whole) {
        add_headers(out, said);
        add_bytes(out, "key", letter->key);
        add_bytes(out, "value", letter->value);
    }
    buffer_add_char(out, '}');
}
