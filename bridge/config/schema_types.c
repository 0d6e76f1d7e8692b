/* The types that several tables use: how each is read, and what it is called when it is wrong. */
#include "config/schema.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "config/subscription.h"

bool schema_take_text(const struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, struct text *text)
{
    if (node->type != YAML_SCALAR) {
        schema_wrong(reading, row, node, schema_text.needed);
        return false;
    }
    if (node->text.size == 0) {
        schema_problem(reading, row, node, "it can't be empty%s",
                       node->text.secret ? ", and the variable or file is" : "");
        return false;
    }
    *text = node->text;
    return true;
}

bool schema_take_list(const struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node)
{
    if (node->type != YAML_SEQUENCE)
        schema_wrong(reading, row, node, NULL);
    return node->type == YAML_SEQUENCE;
}

bool schema_take_mapping(const struct schema_reading *reading, const struct schema_row *row,
                         const struct yaml_node *node)
{
    if (node->type != YAML_MAPPING)
        schema_wrong(reading, row, node, NULL);
    return node->type == YAML_MAPPING;
}

static void read_any(struct schema_reading *reading, const struct schema_row *row,
                     const struct yaml_node *node, void *field)
{
    (void)reading;
    (void)row;
    (void)node;
    (void)field;
}

static void read_text(struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, void *field)
{
    struct text text;
    if (schema_take_text(reading, row, node, &text))
        *(struct text *)field = text;
}

/* A secret goes into a header or a URL: a line break in it is a file with two lines, or worse. */
static bool take_secret(const struct schema_reading *reading, const struct schema_row *row,
                        const struct yaml_node *node, struct text *text)
{
    if (node->type != YAML_SCALAR) {
        schema_wrong(reading, row, node, schema_secret.needed);
        return false;
    }
    if (!schema_take_text(reading, row, node, text))
        return false;
    for (size_t i = 0; i < text->size; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if (c < 0x20 || c == 0x7F) {
            schema_problem(reading, row, node, "a line break or control character can't be sent");
            return false;
        }
    }
    return true;
}

static void read_secret(struct schema_reading *reading, const struct schema_row *row,
                        const struct yaml_node *node, void *field)
{
    struct text text;
    if (take_secret(reading, row, node, &text))
        *(struct text *)field = text;
}

typedef bool take_item(const struct schema_reading *reading, const struct schema_row *row,
                       const struct yaml_node *node, struct text *text);

static void read_items(struct schema_reading *reading, const struct schema_row *row,
                       const struct yaml_node *node, struct texts *texts, take_item *take)
{
    if (!schema_take_list(reading, row, node))
        return;
    if (node->count == 0)
        schema_problem(reading, row, node, "the list is empty");
    struct text *items = arena_alloc(reading->reader->arena, node->count * sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++)
        count += take(reading, row, node->items[i], &items[count]);
    *texts = (struct texts){items, count};
}

static void read_texts(struct schema_reading *reading, const struct schema_row *row,
                       const struct yaml_node *node, void *field)
{
    read_items(reading, row, node, field, schema_take_text);
}

static void read_secrets(struct schema_reading *reading, const struct schema_row *row,
                         const struct yaml_node *node, void *field)
{
    read_items(reading, row, node, field, take_secret);
}

static void read_named_texts(struct schema_reading *reading, const struct schema_row *row,
                             const struct yaml_node *node, void *field)
{
    if (!schema_take_mapping(reading, row, node))
        return;
    struct named_text *items = arena_alloc(reading->reader->arena, node->count * sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *value = node->items[i];
        if (yaml_is_null(value))
            continue; /* takes one of `defaults` away */
        if (value->type == YAML_SCALAR)
            items[count++] = (struct named_text){node->keys[i], value->text};
        else
            problems_add(reading->reader->problems, value->at, "%s: %s: a text is needed, not %s",
                         schema_key(row), node->keys[i].data, schema_shown(reading, value));
    }
    *(struct named_texts *)field = (struct named_texts){items, count};
}

static void read_bool(struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, void *field)
{
    struct slice text = text_slice(&node->text);
    bool yes = yaml_kind(node) == YAML_BOOL ? yaml_is_true(node) : slice_is(text, "true");
    if (yaml_kind(node) != YAML_BOOL && !(node->text.secret && (yes || slice_is(text, "false"))))
        schema_wrong(reading, row, node, NULL);
    else
        *(bool *)field = yes;
}

/* A number's text, which a list is not. */
static bool take_number(const struct schema_reading *reading, const struct schema_row *row,
                        const struct yaml_node *node, struct slice *text)
{
    if (node->type != YAML_SCALAR) {
        schema_wrong(reading, row, node, NULL);
        return false;
    }
    *text = text_slice(&node->text);
    return true;
}

/* False, and a problem, with what number.c says. */
static bool no_number(const struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, const struct error *err)
{
    schema_problem(reading, row, node, "%s, not %s", err->text, schema_shown(reading, node));
    return false;
}

static bool out_of_range(const struct schema_reading *reading, const struct schema_row *row,
                         const struct yaml_node *node)
{
    schema_problem(reading, row, node, "it must be from %s to %s, not %s", row->min, row->max,
                   schema_shown(reading, node));
    return false;
}

/* A row of a number's type has both limits, in the type's own form. */
static void read_count(struct schema_reading *reading, const struct schema_row *row,
                       const struct yaml_node *node, void *field)
{
    struct error err = {0};
    struct slice text;
    uint64_t count;
    uint64_t min = 0;
    uint64_t max = UINT_MAX;
    if (!take_number(reading, row, node, &text))
        return;
    if (!number_count(text, &count, &err))
        no_number(reading, row, node, &err);
    else if (!number_count(slice_of(row->min), &min, &err) ||
             !number_count(slice_of(row->max), &max, &err) || count < min || count > max)
        out_of_range(reading, row, node);
    else
        *(unsigned *)field = (unsigned)count;
}

bool schema_take_duration(const struct schema_reading *reading, const struct schema_row *row,
                          const struct yaml_node *node, int64_t *ms)
{
    struct error err = {0};
    struct slice text;
    int64_t min = 0;
    int64_t max = INT64_MAX;
    if (!take_number(reading, row, node, &text))
        return false;
    if (!number_duration(text, ms, &err))
        return no_number(reading, row, node, &err);
    if (!number_duration(slice_of(row->min), &min, &err) ||
        !number_duration(slice_of(row->max), &max, &err) || *ms < min || *ms > max)
        return out_of_range(reading, row, node);
    return true;
}

static void read_duration(struct schema_reading *reading, const struct schema_row *row,
                          const struct yaml_node *node, void *field)
{
    int64_t ms;
    if (schema_take_duration(reading, row, node, &ms))
        *(int64_t *)field = ms;
}

static void read_rate(struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, void *field)
{
    struct error err = {0};
    struct slice text;
    struct number_rate rate;
    if (!take_number(reading, row, node, &text))
        return;
    if (!number_rate(text, &rate, &err))
        no_number(reading, row, node, &err);
    else if (rate.count == 0)
        schema_problem(reading, row, node, "it must be more than none");
    else
        *(struct number_rate *)field = rate;
}

static void read_size(struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, void *field)
{
    struct error err = {0};
    struct slice text;
    uint64_t bytes;
    uint64_t min = 0;
    uint64_t max = SIZE_MAX;
    if (!take_number(reading, row, node, &text))
        return;
    if (!number_size(text, &bytes, &err))
        no_number(reading, row, node, &err);
    else if (!number_size(slice_of(row->min), &min, &err) ||
             !number_size(slice_of(row->max), &max, &err) || bytes < min || bytes > max)
        out_of_range(reading, row, node);
    else
        *(size_t *)field = (size_t)bytes;
}

static void read_percent(struct schema_reading *reading, const struct schema_row *row,
                         const struct yaml_node *node, void *field)
{
    struct error err = {0};
    struct slice text;
    unsigned percent;
    if (!take_number(reading, row, node, &text))
        return;
    if (number_percent(text, &percent, &err))
        *(unsigned *)field = percent;
    else
        no_number(reading, row, node, &err);
}

/* "a, b or c" of "a|!b|c". */
static const char *list_values(const struct schema_reading *reading, const struct schema_row *row)
{
    struct arena *arena = reading->reader->arena;
    const char *list = "";
    for (const char *p = row->values; *p;) {
        size_t size = strcspn(p, "|");
        bool last = p[size] == '\0';
        const char *name = p + (*p == '!');
        list = arena_print(arena, "%s%s%.*s", list,
                           !*list ? ""
                           : last ? " or "
                                  : ", ",
                           (int)(p + size - name), name);
        p += size + !last;
    }
    return list;
}

/* The value's position in row->values; -1, and a problem, if it is none or not yet supported. */
static int take_value(const struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node)
{
    struct slice text = node->type == YAML_SCALAR ? text_slice(&node->text) : SLICE_NONE;
    int i = 0;
    for (const char *p = row->values; text.size; i++) {
        size_t size = strcspn(p, "|");
        bool later = *p == '!';
        if (slice_equal(text, (struct slice){p + later, size - later})) {
            if (later)
                problems_add(reading->reader->problems, node->at, "%s: %s is not supported yet",
                             schema_key(row), node->written);
            return later ? -1 : i;
        }
        if (p[size] == '\0')
            break;
        p += size + 1;
    }
    schema_wrong(reading, row, node, list_values(reading, row));
    return -1;
}

static void read_choice(struct schema_reading *reading, const struct schema_row *row,
                        const struct yaml_node *node, void *field)
{
    int value = take_value(reading, row, node);
    if (value < 0 || !field)
        return;
    if (row->size == sizeof(bool))
        *(bool *)field = value != 0;
    else
        *(unsigned *)field = (unsigned)value;
}

static void read_word(struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, void *field)
{
    if (take_value(reading, row, node) >= 0)
        *(struct text *)field = node->text;
}

_Static_assert(sizeof(enum format) == sizeof(unsigned), "read_choice writes enums as unsigned");

const struct schema_type schema_group = {
    .name = "mapping",
    .needed = "a mapping of keys and values",
    .json = "",
    .secret = true,
    .read = read_any,
};
const struct schema_type schema_any = {
    .name = "",
    .needed = "",
    .json = "",
    .secret = true,
    .read = read_any,
};
const struct schema_type schema_text = {
    .name = "text",
    .needed = "a text",
    .json = SCHEMA_JSON_TEXT,
    .read = read_text,
};
const struct schema_type schema_secret = {
    .name = "secret",
    .needed = "a text",
    .json = SCHEMA_JSON_TEXT,
    .secret = true,
    .read = read_secret,
};
const struct schema_type schema_secrets = {
    .name = "list of secrets",
    .needed = "a list of texts",
    .json = SCHEMA_JSON_LIST(SCHEMA_JSON_TEXT) ", 'minItems': 1",
    .secret = true,
    .read = read_secrets,
};
const struct schema_type schema_texts = {
    .name = "list of texts",
    .needed = "a list of texts",
    .json = SCHEMA_JSON_LIST(SCHEMA_JSON_TEXT) ", 'minItems': 1",
    .read = read_texts,
};
const struct schema_type schema_named_texts = {
    .name = "names and texts",
    .needed = "a mapping of names and texts",
    .json = "'type': 'object', 'additionalProperties': {'type': "
            "['string', 'number', 'boolean', 'null']}",
    .read = read_named_texts,
};
const struct schema_type schema_bool = {
    .name = "boolean",
    .needed = "true or false",
    .json = SCHEMA_JSON_FORM("'type': 'boolean'"),
    .read = read_bool,
};
const struct schema_type schema_count = {
    .name = "number",
    .needed = "a whole number such as 64",
    .json = "",
    .read = read_count,
};
const struct schema_type schema_duration = {
    .name = "duration",
    .needed = "a duration such as 250ms, 5s or 2h",
    .json = SCHEMA_JSON_PATTERN("^[0-9]+(ms|s|m|h|d)$"),
    .read = read_duration,
};
const struct schema_type schema_rate = {
    .name = "rate",
    .needed = "a rate such as 100/s or 6000/m",
    .json = SCHEMA_JSON_PATTERN("^[0-9]+/[smh]$"),
    .read = read_rate,
};
const struct schema_type schema_size = {
    .name = "size",
    .needed = "a size such as 64KiB or 1MiB",
    .json = SCHEMA_JSON_PATTERN("^[0-9]+(B|KiB|MiB|GiB)$"),
    .read = read_size,
};
const struct schema_type schema_percent = {
    .name = "percentage",
    .needed = "a percentage from 0% to 100%",
    .json = SCHEMA_JSON_PATTERN("^(100|[0-9]?[0-9])%$"),
    .read = read_percent,
};
const struct schema_type schema_choice = {
    .name = "choice",
    .json = "",
    .read = read_choice,
};
const struct schema_type schema_word = {
    .name = "choice",
    .json = "",
    .read = read_word,
};
