#include "cli/trial_json.h"

#include "base/base64.h"
#include "base/jtext.h"
#include "base/utf8.h"
#include "cli/exchange.h"

static void add_member(struct buffer *out, const char *name, struct slice text)
{
    buffer_print(out, ",\"%s\":", name);
    jtext_add_string(out, text);
}

static void add_headers(struct buffer *out, const struct route *route, const struct trial *trial,
                        bool show_secrets)
{
    struct slice headers = trial->http.headers;
    struct slice name;
    struct buffer value = {0};
    buffer_add_text(out, ",\"headers\":{");
    for (const char *line = headers.data; line < headers.data + headers.size;) {
        if (line > headers.data)
            buffer_add_char(out, ',');
        line = exchange_next_header(route, line, show_secrets, &name, &value);
        jtext_add_string(out, name);
        buffer_add_char(out, ':');
        jtext_add_string(out, buffer_slice(&value));
    }
    buffer_add_char(out, '}');
    buffer_finish(&value);
}

static void add_body(struct buffer *out, const struct route *route, const struct trial *trial,
                     bool show_secrets)
{
    struct slice body = exchange_body(trial);
    struct buffer shown = {0};
    if (!body.data) {
        buffer_add_text(out, ",\"body\":null");
        return;
    }
    buffer_add_slice(&shown, body);
    if (!show_secrets && shown.data)
        mask_text(route->mask, body, shown.data);
    if (utf8_valid(body)) {
        add_member(out, "body", buffer_slice(&shown));
    } else {
        buffer_add_text(out, ",\"body_base64\":\"");
        base64_add(out, buffer_slice(&shown));
        buffer_add_char(out, '"');
    }
    buffer_finish(&shown);
}

static void add_request(struct buffer *out, const struct route *route, const struct trial *trial,
                        bool show_secrets)
{
    struct buffer url = {0};
    exchange_add_url(&url, route, trial, show_secrets);
    buffer_add_text(out, ",\"request\":{\"method\":");
    jtext_add_string(out, slice_of(trial->http.method));
    add_member(out, "url", buffer_slice(&url));
    add_headers(out, route, trial, show_secrets);
    add_body(out, route, trial, show_secrets);
    buffer_print(out, ",\"sent_bytes\":%zu}", trial->http.body.size);
    buffer_finish(&url);
}

void trial_add_json(struct buffer *out, const struct route *route, const struct trial *trial,
                    enum trial_verdict verdict, bool show_secrets)
{
    static const char *const verdicts[] = {[TRIAL_TAKEN] = "taken",
                                           [TRIAL_LEFT] = "not-taken",
                                           [TRIAL_FAILED] = "dead-letter",
                                           [TRIAL_ABSENT] = "waits"};
    buffer_add_text(out, "{\"subscription\":");
    jtext_add_string(out, slice_of(route->sub->name));
    add_member(out, "verdict", slice_of(verdicts[verdict]));
    if (verdict == TRIAL_TAKEN)
        add_request(out, route, trial, show_secrets);
    if (verdict == TRIAL_FAILED)
        add_member(out, "reason", slice_of(error_name(trial->err.kind)));
    if (verdict != TRIAL_TAKEN)
        add_member(out, "why",
                   verdict == TRIAL_LEFT ? buffer_slice(&trial->why_not)
                                         : slice_of(trial->err.text));
    buffer_add_char(out, '}');
}
