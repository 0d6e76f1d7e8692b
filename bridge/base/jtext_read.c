#include "base/jtext.h"

#include <stdlib.h>

#include "base/scan.h"
#include "base/utf8.h"

/* Brackets are followed by hand, not by recursion: what is published must not be able to use up
 * the stack. While a container is open its token's `next` names the one around it. */
struct reader {
    struct jtext *json;
    const char *at;
    const char *end;
    const char *expected; /* what should have been at `at`; NULL: no mistake so far */
    uint32_t open;        /* the innermost open container */
    unsigned depth;
    bool first; /* behind an opening bracket: nothing in it yet */
};

static bool fail(struct reader *r, const char *expected)
{
    r->expected = expected;
    return false;
}

static void skip_space(struct reader *r)
{
    const char *at = r->at;
    while (at < r->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    r->at = at;
}

/* Room for the two tokens that one step adds at most. */
static bool grow(struct jtext *json, size_t text_bytes)
{
    if (json->capacity - json->count >= 2)
        return true;
    size_t capacity = json->capacity ? (size_t)json->capacity * 2 : text_bytes / 16 + 16;
    struct jtext_token *tokens = realloc(json->tokens, capacity * sizeof *tokens);
    if (!tokens)
        return false;
    json->tokens = tokens;
    json->capacity = (uint32_t)capacity;
    return true;
}

static struct jtext_token *add_token(struct reader *r)
{
    struct jtext *json = r->json;
    struct jtext_token *token = &json->tokens[json->count++];
    *token = (struct jtext_token){.start = (uint32_t)(r->at - json->text), .next = json->count};
    return token;
}

static bool end_token(struct reader *r, struct jtext_token *token)
{
    token->size = (uint32_t)(r->at - r->json->text - token->start) & INT32_MAX;
    return true;
}

static bool open_container(struct reader *r)
{
    if (r->depth == JTEXT_DEPTH)
        return fail(r, "no more than 512 brackets within each other");
    struct jtext_token *token = add_token(r);
    token->next = r->open;
    r->open = r->json->count - 1;
    r->depth++;
    r->first = true;
    r->at++;
    return true;
}

static bool close_container(struct reader *r)
{
    struct jtext_token *token = &r->json->tokens[r->open];
    r->open = token->next;
    token->next = r->json->count;
    r->depth--;
    r->at++;
    return end_token(r, token);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* At a backslash. */
static bool read_escape(struct reader *r)
{
    r->at++;
    switch (r->at < r->end ? *r->at : '\0') {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        r->at++;
        return true;
    case 'u':
        r->at++;
        for (int i = 0; i < 4; i++, r->at++)
            if (r->at == r->end || !is_hex(*r->at))
                return fail(r, "four hexadecimal digits behind \\u");
        return true;
    default:
        return fail(r, "one of \"\\/bfnrtu behind the backslash");
    }
}

/* Inside a string, at a byte that scan_plain stops at but for the closing quote. */
static bool read_special(struct reader *r, struct jtext_token *token)
{
    unsigned char byte = (unsigned char)*r->at;
    if (byte == '\\') {
        token->escaped = 1;
        return read_escape(r);
    }
    if (byte < 0x20)
        return fail(r, "control characters escaped");
    size_t size = utf8_sequence(r->at, r->end);
    r->at += size;
    return size > 0 || fail(r, "valid UTF-8");
}

/* At the opening quote. */
static bool read_string(struct reader *r)
{
    struct jtext_token *token = add_token(r);
    r->at++;
    for (;;) {
        r->at = scan_plain(r->at, r->end);
        if (r->at == r->end)
            return fail(r, "the string's closing quote");
        if (*r->at == '"')
            break;
        if (!read_special(r, token))
            return false;
    }
    r->at++;
    return end_token(r, token);
}

/* At least one digit. */
static bool read_digits(struct reader *r)
{
    const char *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > start || fail(r, "a digit");
}

static bool read_exponent(struct reader *r)
{
    r->at++;
    if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
        r->at++;
    return read_digits(r);
}

/* At a minus or a digit. */
static bool read_number(struct reader *r)
{
    struct jtext_token *token = add_token(r);
    if (*r->at == '-')
        r->at++;
    if (r->at < r->end && *r->at == '0')
        r->at++;
    else if (!read_digits(r))
        return false;
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        if (!read_digits(r))
            return false;
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E') && !read_exponent(r))
        return false;
    return end_token(r, token);
}

static bool read_word(struct reader *r, struct slice word)
{
    struct jtext_token *token = add_token(r);
    if (!slice_starts((struct slice){r->at, (size_t)(r->end - r->at)}, word))
        return fail(r, word.data);
    r->at += word.size;
    return end_token(r, token);
}

/* A scalar as a whole, of an array or object the opening bracket. */
static bool read_value(struct reader *r)
{
    skip_space(r);
    char first = r->at < r->end ? *r->at : '\0';
    switch (first) {
    case '"':
        return read_string(r);
    case '{':
    case '[':
        return open_container(r);
    case 't':
        return read_word(r, SLICE("true"));
    case 'f':
        return read_word(r, SLICE("false"));
    case 'n':
        return read_word(r, SLICE("null"));
    default:
        if (first == '-' || (first >= '0' && first <= '9'))
            return read_number(r);
        return fail(r, "a value");
    }
}

static bool read_name(struct reader *r, bool may_close)
{
    if (r->at == r->end || *r->at != '"')
        return fail(r, may_close ? "a name in quotes or '}'" : "a name in quotes");
    if (!read_string(r))
        return false;
    skip_space(r);
    if (r->at == r->end || *r->at != ':')
        return fail(r, "':'");
    r->at++;
    return true;
}

/* Inside a bracket: its end, or the next thing in it. */
static bool read_next(struct reader *r)
{
    bool object = r->json->text[r->json->tokens[r->open].start] == '{';
    bool first = r->first;
    r->first = false;
    skip_space(r);
    char here = r->at < r->end ? *r->at : '\0';
    if (here == (object ? '}' : ']'))
        return close_container(r);
    if (!first) {
        if (here != ',')
            return fail(r, object ? "',' or '}'" : "',' or ']'");
        r->at++;
        skip_space(r);
    }
    if (object && !read_name(r, first))
        return false;
    return read_value(r);
}

static bool read_text(struct reader *r)
{
    size_t text_bytes = (size_t)(r->end - r->at);
    if (!grow(r->json, text_bytes) || !read_value(r))
        return false;
    while (r->depth)
        if (!grow(r->json, text_bytes) || !read_next(r))
            return false;
    skip_space(r);
    return r->at == r->end || fail(r, "nothing more");
}

bool jtext_read(struct jtext *json, struct slice text, struct error *err)
{
    if (text.size > INT32_MAX)
        return error_set(err, ERROR_DECODE, "not read: JSON of more than 2 GiB");
    json->text = text.data;
    json->count = 0;
    struct reader r = {.json = json, .at = text.data, .end = text.data + text.size};
    if (read_text(&r))
        return true;
    if (!r.expected)
        return error_set(err, ERROR_MEMORY, "no memory to read %zu bytes of JSON", text.size);
    size_t offset = (size_t)(r.at - text.data);
    if (r.at == r.end)
        return error_set(err, ERROR_DECODE, "not JSON: it ends at byte %zu, where %s was expected",
                         offset, r.expected);
    return error_set(err, ERROR_DECODE, "not JSON: expected %s at byte %zu", r.expected, offset);
}

void jtext_finish(struct jtext *json)
{
    free(json->tokens);
    *json = (struct jtext){0};
}
