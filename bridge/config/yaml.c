#include "config/yaml.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_any(struct slice text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(text, words[i]))
            return true;
    return false;
}

static size_t span(struct slice text, const char *set)
{
    size_t size = 0;
    while (size < text.size && text.data[size] != '\0' && strchr(set, text.data[size]))
        size++;
    return size;
}

#define DIGITS "0123456789"

static struct slice without_sign(struct slice text)
{
    return text.size && (text.data[0] == '-' || text.data[0] == '+') ? slice_from(text, 1) : text;
}

/* [-+]? [0-9]+ | 0o [0-7]+ | 0x [0-9a-fA-F]+ (YAML 1.2.2 §10.3.2) */
static bool is_int(struct slice text)
{
    if (slice_starts(text, SLICE("0o")))
        return text.size > 2 && span(slice_from(text, 2), "01234567") == text.size - 2;
    if (slice_starts(text, SLICE("0x")))
        return text.size > 2 && span(slice_from(text, 2), DIGITS "abcdefABCDEF") == text.size - 2;
    text = without_sign(text);
    return text.size > 0 && span(text, DIGITS) == text.size;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_decimal(struct slice text)
{
    text = without_sign(text);
    size_t whole = span(text, DIGITS);
    text = slice_from(text, whole);
    size_t fraction = 0;
    if (text.size && text.data[0] == '.') {
        fraction = span(slice_from(text, 1), DIGITS);
        text = slice_from(text, 1 + fraction);
    }
    if (whole + fraction == 0)
        return false;
    if (text.size == 0)
        return true;
    if (text.data[0] != 'e' && text.data[0] != 'E')
        return false;
    text = without_sign(slice_from(text, 1));
    return text.size > 0 && span(text, DIGITS) == text.size;
}

static bool is_special_float(struct slice text)
{
    static const char *const nans[] = {".nan", ".NaN", ".NAN"};
    static const char *const infs[] = {".inf", ".Inf", ".INF"};
    return is_any(text, nans, COUNT_OF(nans)) || is_any(without_sign(text), infs, COUNT_OF(infs));
}

enum yaml_kind yaml_kind(const struct yaml_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    if (node->type != YAML_SCALAR || node->quoted)
        return YAML_STRING;
    struct slice text = text_slice(&node->text);
    if (is_any(text, nulls, COUNT_OF(nulls)))
        return YAML_NULL;
    if (is_any(text, bools, COUNT_OF(bools)))
        return YAML_BOOL;
    if (is_int(text))
        return YAML_INT;
    return is_decimal(text) || is_special_float(text) ? YAML_FLOAT : YAML_STRING;
}

bool yaml_is_null(const struct yaml_node *node)
{
    return yaml_kind(node) == YAML_NULL;
}

bool yaml_is_true(const struct yaml_node *node)
{
    return yaml_kind(node) == YAML_BOOL && (node->text.data[0] | 0x20) == 't';
}

const struct yaml_node *yaml_find(const struct yaml_node *node, const char *key)
{
    if (!node || node->type != YAML_MAPPING)
        return NULL;
    for (size_t i = 0; i < node->count; i++)
        if (slice_is(text_slice(&node->keys[i]), key))
            return node->items[i];
    return NULL;
}

/* JSON wants a digit on each side of the point, no plus and no leading zeros (RFC 8259 §6). */
static void add_decimal(struct slice text, struct buffer *json)
{
    if (text.data[0] == '-')
        buffer_add_char(json, '-');
    text = without_sign(text);
    while (text.size > 1 && text.data[0] == '0' && strchr(DIGITS, text.data[1]))
        text = slice_from(text, 1);
    size_t whole = span(text, DIGITS);
    if (whole == 0)
        buffer_add_char(json, '0');
    buffer_add(json, text.data, whole);
    text = slice_from(text, whole);
    size_t fraction = 0;
    if (text.size && text.data[0] == '.') {
        text = slice_from(text, 1);
        fraction = span(text, DIGITS);
    }
    if (fraction) {
        buffer_add_char(json, '.');
        buffer_add(json, text.data, fraction);
    }
    buffer_add_slice(json, slice_from(text, fraction));
}

static bool add_based(struct slice text, int base, struct buffer *json)
{
    errno = 0;
    uint64_t value = strtoull(text.data + 2, NULL, base);
    if (errno)
        return false;
    buffer_print(json, "%" PRIu64, value);
    return true;
}

bool yaml_add_json(const struct yaml_node *node, struct buffer *json)
{
    struct slice text = text_slice(&node->text);
    switch (yaml_kind(node)) {
    case YAML_NULL:
        buffer_add_text(json, "null");
        return true;
    case YAML_BOOL:
        buffer_add_text(json, yaml_is_true(node) ? "true" : "false");
        return true;
    case YAML_INT:
        if (slice_starts(text, SLICE("0x")) || slice_starts(text, SLICE("0o")))
            return add_based(text, text.data[1] == 'x' ? 16 : 8, json);
        add_decimal(text, json);
        return true;
    case YAML_FLOAT:
        if (is_special_float(text))
            return false;
        add_decimal(text, json);
        return true;
    case YAML_STRING:
        break;
    }
    return false;
}

static size_t position(const struct yaml_node *mapping, const struct text *key)
{
    size_t i = 0;
    while (i < mapping->count && !slice_equal(text_slice(&mapping->keys[i]), text_slice(key)))
        i++;
    return i;
}

const struct yaml_node *yaml_merge(struct arena *arena, const struct yaml_node *under,
                                   const struct yaml_node *over, const char *whole)
{
    if (!under || !over)
        return over ? over : under;
    if (under->type != YAML_MAPPING || over->type != YAML_MAPPING)
        return over;
    struct yaml_node *merged = arena_alloc(arena, sizeof *merged);
    *merged = *over;
    size_t room = under->count + over->count;
    struct text *keys = arena_alloc(arena, room * sizeof *keys);
    const struct yaml_node **items = arena_alloc(arena, room * sizeof(const struct yaml_node *));
    size_t count = under->count;
    for (size_t i = 0; i < count; i++) {
        keys[i] = under->keys[i];
        items[i] = under->items[i];
    }
    for (size_t i = 0; i < over->count; i++) {
        size_t place = position(under, &over->keys[i]);
        bool both = place < under->count && !slice_is(text_slice(&over->keys[i]), whole);
        if (place == under->count)
            place = count++;
        keys[place] = over->keys[i];
        items[place] =
            both ? yaml_merge(arena, items[place], over->items[i], whole) : over->items[i];
    }
    merged->keys = keys;
    merged->items = items;
    merged->count = count;
    return merged;
}
