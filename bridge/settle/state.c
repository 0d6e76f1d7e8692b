#include "settle/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "base/number.h"

static const struct {
    const char *key;  /* the first word of the record's key */
    const char *name; /* "state" in its value */
    bool of_key;
    bool parks;
} kinds[] = {
    [STATE_DISABLED] = {"disabled", "disabled", false, false},
    [STATE_ENABLED] = {"disabled", "enabled", false, false},
    [STATE_PARKED] = {"parked", "parked", true, true},
    [STATE_FAILED] = {"replayed", "failed", true, true},
    [STATE_REPLAYED] = {"replayed", "replayed", true, false},
    [STATE_RELEASED] = {"parked", "released", true, false},
};

bool state_join(const struct state *state, struct parking *parking)
{
    const struct span *span = &state->span;
    if (state_parks(state))
        return parking_join(parking, span);
    parking_pass(parking, slice_of(span->topic), span->partition, span->last);
    return true;
}

void state_digest(struct slice url, char digest[STATE_DIGEST_BYTES])
{
    unsigned char bytes[EVP_MAX_MD_SIZE] = {0};
    unsigned size = 0;
    struct buffer hex = {0};
    EVP_Digest(url.data, url.size, bytes, &size, EVP_sha256(), NULL);
    hex_add(&hex, (struct slice){(const char *)bytes, size});
    memset(digest, '0', STATE_DIGEST_BYTES - 1);
    digest[STATE_DIGEST_BYTES - 1] = '\0';
    if (!hex.failed && hex.size == STATE_DIGEST_BYTES - 1)
        memcpy(digest, hex.data, hex.size);
    buffer_finish(&hex);
}

/* ── writing ─────────────────────────────────────────────────────────────── */

static void add_text(struct buffer *out, const char *name, struct slice text)
{
    buffer_print(out, ",\"%s\":", name);
    if (text.data)
        jtext_add_string(out, text);
    else
        buffer_add_text(out, "null");
}

static void add_span(const struct state *state, struct buffer *key, struct buffer *value)
{
    const struct span *span = &state->span;
    buffer_add_char(key, ' ');
    base64_add(key, state->key);
    buffer_print(key, " %s %d", span->topic, (int)span->partition);
    add_text(value, "topic", slice_of(span->topic));
    buffer_print(value, ",\"partition\":%d,\"offset\":%lld", (int)span->partition,
                 (long long)span->last);
    if (kinds[state->kind].parks && span->from != SPAN_FROM_ALL)
        buffer_print(value, ",\"from\":%lld", (long long)span->from);
    if (kinds[state->kind].parks)
        buffer_print(value, ",\"replay\":%lld", (long long)span->replay);
}

void state_write(const struct state *state, struct buffer *key, struct buffer *value)
{
    char at[CLOCK_ISO_SIZE];
    buffer_print(key, "%s ", kinds[state->kind].key);
    buffer_add_slice(key, state->subscription);
    buffer_print(value, "{\"state\":\"%s\"", kinds[state->kind].name);
    if (kinds[state->kind].of_key)
        add_span(state, key, value);
    if (state->kind == STATE_DISABLED) {
        add_text(value, "reason", state->reason);
        add_text(value, "url_sha256", state->url);
    }
    clock_iso(state->unix_ms, at);
    add_text(value, "instance", state->instance);
    add_text(value, "at", slice_of(at));
    buffer_add_char(value, '}');
}

/* ── reading ─────────────────────────────────────────────────────────────── */

void state_reader_finish(struct state_reader *reader)
{
    jtext_finish(&reader->json);
    buffer_finish(&reader->scratch);
}

static bool not_ours(struct error *err)
{
    return error_set(err, ERROR_DECODE, "not a record of what is remembered");
}

/* The word up to the next space; false: there is none. */
static bool take_word(struct slice *rest, struct slice *word)
{
    const char *space = rest->size ? memchr(rest->data, ' ', rest->size) : NULL;
    size_t size = space ? (size_t)(space - rest->data) : rest->size;
    *word = (struct slice){rest->data, size};
    *rest = slice_from(*rest, space ? size + 1 : size);
    return size > 0;
}

/* What a record's key says. */
struct said_key {
    struct slice kind;
    struct slice topic; /* data NULL: an older version's */
    struct slice partition;
};

static bool read_place(struct slice *text, struct said_key *said)
{
    if (text->size == 0)
        return true;
    return take_word(text, &said->topic) && take_word(text, &said->partition);
}

static bool read_key(struct state_reader *reader, struct slice text, struct state *state,
                     struct said_key *said)
{
    struct slice name;
    *said = (struct said_key){0};
    if (!take_word(&text, &said->kind) || !take_word(&text, &state->subscription))
        return false;
    if (slice_is(said->kind, "disabled"))
        return text.size == 0;
    (void)take_word(&text, &name); /* a key may be empty */
    size_t start = reader->scratch.size;
    if (!read_place(&text, said) || text.size > 0 || !base64_decode(name, &reader->scratch))
        return false;
    state->key = slice_from(buffer_slice(&reader->scratch), start);
    if (!state->key.data)
        state->key.data = "";
    return slice_is(said->kind, "parked") || slice_is(said->kind, "replayed");
}

static struct slice member(struct state_reader *reader, const char *name, enum jtext_kind kind)
{
    uint32_t value = jtext_member(&reader->json, JTEXT_ROOT, slice_of(name));
    if (value == JTEXT_NOTHING)
        return SLICE_NONE;
    struct slice text = jtext_value(&reader->json, value);
    if (jtext_kind(text) != kind)
        return SLICE_NONE;
    return kind == JTEXT_STRING ? jtext_string(text, &reader->scratch) : text;
}

static bool read_number(struct slice text, long long most, long long *number)
{
    char digits[24];
    char *end = NULL;
    if (text.size == 0 || text.size >= sizeof digits)
        return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    errno = 0;
    *number = strtoll(digits, &end, 10);
    return !errno && *end == '\0' && *number >= 0 && *number <= most;
}

static bool read_topic(struct state_reader *reader, struct span *span)
{
    struct slice topic = member(reader, "topic", JTEXT_STRING);
    if (topic.size == 0 || memchr(topic.data, ' ', topic.size) ||
        memchr(topic.data, '\0', topic.size))
        return false;
    size_t start = reader->scratch.size;
    buffer_add_slice(&reader->scratch, topic);
    span->topic = buffer_text(&reader->scratch) + start;
    buffer_add_char(&reader->scratch, '\0');
    return true;
}

/* Whatever else is in the place of the first event is as if nothing was. */
static void read_from(struct state_reader *reader, struct span *span)
{
    long long number = 0;
    span->from = SPAN_FROM_ALL;
    int64_t behind = span->last < INT64_MAX ? span->last + 1 : span->last;
    if (read_number(member(reader, "from", JTEXT_NUMBER), behind, &number))
        span->from = number;
    if (read_number(member(reader, "replay", JTEXT_NUMBER), INT64_MAX, &number))
        span->replay = number;
}

static bool is_of(const struct said_key *said, const struct span *span)
{
    long long partition = 0;
    if (!said->topic.data)
        return true;
    return slice_is(said->topic, span->topic) &&
           read_number(said->partition, INT32_MAX, &partition) && partition == span->partition;
}

static bool read_span(struct state_reader *reader, const struct said_key *said, struct span *span)
{
    long long partition = 0;
    long long offset = 0;
    if (!read_topic(reader, span) ||
        !read_number(member(reader, "partition", JTEXT_NUMBER), INT32_MAX, &partition) ||
        !read_number(member(reader, "offset", JTEXT_NUMBER), INT64_MAX, &offset))
        return false;
    span->partition = (int32_t)partition;
    span->last = offset;
    read_from(reader, span);
    return is_of(said, span);
}

static bool read_value(struct state_reader *reader, const struct said_key *said,
                       struct state *state)
{
    struct slice name = member(reader, "state", JTEXT_STRING);
    size_t found = 0;
    while (found < COUNT_OF(kinds) &&
           !(slice_is(said->kind, kinds[found].key) && slice_is(name, kinds[found].name)))
        found++;
    if (found == COUNT_OF(kinds))
        return false;
    state->kind = (enum state_kind)found;
    state->reason = member(reader, "reason", JTEXT_STRING);
    state->url = member(reader, "url_sha256", JTEXT_STRING);
    state->instance = member(reader, "instance", JTEXT_STRING);
    if (!number_time(member(reader, "at", JTEXT_STRING), &state->unix_ms, NULL))
        state->unix_ms = 0;
    return !kinds[found].of_key || read_span(reader, said, &state->span);
}

bool state_read(struct state_reader *reader, struct slice key, struct slice value,
                struct state *state, struct error *err)
{
    struct said_key said;
    *state = (struct state){.kind = STATE_FORGOTTEN};
    buffer_clear(&reader->scratch);
    /* Nothing gets longer by being decoded, and the topic is copied: what is added there stays
     * where it is. */
    if (!buffer_reserve(&reader->scratch, key.size + 2 * value.size + 2))
        return error_set(err, ERROR_MEMORY, "no memory for what is remembered");
    if (!key.data || !read_key(reader, key, state, &said))
        return not_ours(err);
    if (!value.data)
        return true;
    if (!jtext_read(&reader->json, value, err) ||
        jtext_kind(jtext_value(&reader->json, JTEXT_ROOT)) != JTEXT_OBJECT ||
        !read_value(reader, &said, state))
        return not_ours(err);
    return true;
}
