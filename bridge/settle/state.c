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
} kinds[] = {
    [STATE_DISABLED] = {"disabled", "disabled", false},
    [STATE_ENABLED] = {"disabled", "enabled", false},
    [STATE_PARKED] = {"parked", "parked", true},
    [STATE_RELEASED] = {"parked", "released", true},
    [STATE_REPLAYED] = {"replayed", "replayed", true},
};

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

void state_write(const struct state *state, struct buffer *key, struct buffer *value)
{
    char at[CLOCK_ISO_SIZE];
    buffer_print(key, "%s ", kinds[state->kind].key);
    buffer_add_slice(key, state->subscription);
    buffer_print(value, "{\"state\":\"%s\"", kinds[state->kind].name);
    if (kinds[state->kind].of_key) {
        buffer_add_char(key, ' ');
        base64_add(key, state->key);
        add_text(value, "topic", state->position.topic);
        buffer_print(value, ",\"partition\":%d,\"offset\":%lld", (int)state->position.partition,
                     (long long)state->position.offset);
    }
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

static bool read_key(struct state_reader *reader, struct slice text, struct state *state,
                     struct slice *kind)
{
    struct slice name;
    if (!take_word(&text, kind) || !take_word(&text, &state->subscription))
        return false;
    if (slice_is(*kind, "disabled"))
        return text.size == 0;
    (void)take_word(&text, &name); /* a key may be empty */
    size_t start = reader->scratch.size;
    if (text.size > 0 || !base64_decode(name, &reader->scratch))
        return false;
    state->key = slice_from(buffer_slice(&reader->scratch), start);
    if (!state->key.data)
        state->key.data = "";
    return slice_is(*kind, "parked") || slice_is(*kind, "replayed");
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

static bool read_position(struct state_reader *reader, struct state_position *position)
{
    long long partition = 0;
    long long offset = 0;
    position->topic = member(reader, "topic", JTEXT_STRING);
    if (position->topic.size == 0 ||
        !read_number(member(reader, "partition", JTEXT_NUMBER), INT32_MAX, &partition) ||
        !read_number(member(reader, "offset", JTEXT_NUMBER), INT64_MAX, &offset))
        return false;
    position->partition = (int32_t)partition;
    position->offset = offset;
    return true;
}

static bool read_value(struct state_reader *reader, struct slice kind, struct state *state)
{
    struct slice name = member(reader, "state", JTEXT_STRING);
    size_t found = 0;
    while (found < COUNT_OF(kinds) &&
           !(slice_is(kind, kinds[found].key) && slice_is(name, kinds[found].name)))
        found++;
    if (found == COUNT_OF(kinds))
        return false;
    state->kind = (enum state_kind)found;
    state->reason = member(reader, "reason", JTEXT_STRING);
    state->url = member(reader, "url_sha256", JTEXT_STRING);
    state->instance = member(reader, "instance", JTEXT_STRING);
    if (!number_time(member(reader, "at", JTEXT_STRING), &state->unix_ms, NULL))
        state->unix_ms = 0;
    return !kinds[found].of_key || read_position(reader, &state->position);
}

bool state_read(struct state_reader *reader, struct slice key, struct slice value,
                struct state *state, struct error *err)
{
    struct slice kind;
    *state = (struct state){.kind = STATE_FORGOTTEN};
    buffer_clear(&reader->scratch);
    /* Nothing gets longer by being decoded: what is added there stays where it is. */
    if (!buffer_reserve(&reader->scratch, key.size + value.size + 1))
        return error_set(err, ERROR_MEMORY, "no memory for what is remembered");
    if (!key.data || !read_key(reader, key, state, &kind))
        return not_ours(err);
    if (!value.data)
        return true;
    if (!jtext_read(&reader->json, value, err) ||
        jtext_kind(jtext_value(&reader->json, JTEXT_ROOT)) != JTEXT_OBJECT ||
        !read_value(reader, kind, state))
        return not_ours(err);
    return true;
}
