#include "config/schema.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

#define SHOWN_MAX 60 /* bytes of a value that a problem repeats */

void schema_reader_init(struct schema_reader *reader, const struct schema *schema,
                        struct arena *arena, struct problems *problems)
{
    assert(schema->count <= SCHEMA_ROWS_MAX);
    *reader = (struct schema_reader){.schema = schema, .arena = arena, .problems = problems};
    struct buffer text = {0}; /* all defaults as one document: a parser costs more than a line */
    for (size_t i = 0; i < schema->count; i++)
        if (schema->rows[i].fallback && strcmp(schema->rows[i].fallback, "null") != 0)
            buffer_print(&text, "%s: %s\n", schema->rows[i].path, schema->rows[i].fallback);
    const struct yaml_node *fallbacks = yaml_read_bytes(arena, NULL, buffer_slice(&text), problems);
    for (size_t i = 0; i < schema->count; i++)
        reader->fallbacks[i] = yaml_find(fallbacks, schema->rows[i].path);
    buffer_finish(&text);
}

const char *schema_key(const struct schema_row *row)
{
    const char *dot = strrchr(row->path, '.');
    return dot ? dot + 1 : row->path;
}

static size_t parent_size(const struct schema_row *row)
{
    return (size_t)(schema_key(row) - row->path);
}

/* The part of a path before its last name, with the dot: "" at the top, "delivery.retry.". */
static struct slice prefix_of(const struct schema_row *group, char path[static 128])
{
    if (!group)
        return SLICE("");
    int size = snprintf(path, 128, "%s.", group->path);
    assert(size > 0 && size < 128);
    return (struct slice){path, (size_t)size};
}

static bool is_under(const struct schema_row *row, struct slice prefix)
{
    return parent_size(row) == prefix.size && slice_starts(slice_of(row->path), prefix);
}

static const struct schema_row *find_row(const struct schema *schema, struct slice prefix,
                                         struct slice key)
{
    for (size_t i = 0; i < schema->count; i++)
        if (is_under(&schema->rows[i], prefix) && slice_is(key, schema_key(&schema->rows[i])))
            return &schema->rows[i];
    return NULL;
}

const char *schema_shown(const struct schema_reading *reading, const struct yaml_node *node)
{
    struct arena *arena = reading->reader->arena;
    if (node->type != YAML_SCALAR)
        return node->type == YAML_SEQUENCE ? "a list" : "a mapping";
    if (yaml_is_null(node))
        return "null";
    struct slice text = slice_of(node->written);
    size_t size = text.size <= SHOWN_MAX ? text.size : SHOWN_MAX;
    while (size < text.size && (text.data[size] & 0xC0) == 0x80)
        size--; /* a character is not cut in two */
    char *copy = arena_copy(arena, (struct slice){text.data, size});
    const char *dots = size < text.size ? "…" : "";
    if (node->text.secret)
        return arena_print(arena, "what %s%s holds", copy, dots);
    return arena_print(arena, "\"%s%s\"", copy, dots);
}

void schema_wrong(const struct schema_reading *reading, const struct schema_row *row,
                  const struct yaml_node *node, const char *needed)
{
    if (node->broken)
        return;
    bool hidden = row->type->secret && node->type == YAML_SCALAR;
    problems_add(reading->reader->problems, node->at, "%s: %s is needed, not %s", schema_key(row),
                 needed ? needed : row->type->needed,
                 hidden ? "a text" : schema_shown(reading, node));
}

void schema_problem(const struct schema_reading *reading, const struct schema_row *row,
                    const struct yaml_node *node, const char *format, ...)
{
    if (node->broken)
        return;
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    problems_add(reading->reader->problems, node->at, "%s: %s", schema_key(row), message);
}

/* A row elsewhere in the table with that path, or nearly that name: `timeout` is delivery.timeout.
 */
static const struct schema_row *find_elsewhere(const struct schema *schema, struct slice key)
{
    struct nearest nearest;
    nearest_init(&nearest, key);
    for (size_t i = 0; i < schema->count; i++) {
        nearest_offer(&nearest, schema->rows[i].path);
        nearest_offer(&nearest, schema_key(&schema->rows[i]));
    }
    for (size_t i = 0; i < schema->count; i++)
        if (nearest.name == schema->rows[i].path || nearest.name == schema_key(&schema->rows[i]))
            return &schema->rows[i];
    return NULL;
}

static const char *list_keys(const struct schema_reading *reading, struct slice prefix)
{
    const struct schema *schema = reading->reader->schema;
    const char *list = "";
    for (size_t i = 0; i < schema->count; i++)
        if (is_under(&schema->rows[i], prefix))
            list = arena_print(reading->reader->arena, "%s%s%s", list, *list ? ", " : "",
                               schema_key(&schema->rows[i]));
    return list;
}

static void add_unknown(const struct schema_reading *reading, struct slice prefix,
                        const struct text *key)
{
    const struct schema *schema = reading->reader->schema;
    struct problems *problems = reading->reader->problems;
    struct nearest nearest;
    nearest_init(&nearest, text_slice(key));
    for (size_t i = 0; i < schema->count; i++)
        if (is_under(&schema->rows[i], prefix))
            nearest_offer(&nearest, schema_key(&schema->rows[i]));
    const struct schema_row *elsewhere = find_elsewhere(schema, text_slice(key));
    if (nearest.name)
        problems_add(problems, key->at, "unknown key %s; did you mean %s?", key->data,
                     nearest.name);
    else if (elsewhere)
        problems_add(problems, key->at, "unknown key %s here; did you mean %s?", key->data,
                     elsewhere->path);
    else
        problems_add(problems, key->at, "unknown key %s; known here: %s", key->data,
                     list_keys(reading, prefix));
}

/* A key of a later version may be given with the value that it has without it. */
static bool is_fallback(const struct schema_row *row, const struct yaml_node *node)
{
    if (node->type == YAML_SCALAR)
        return row->fallback && slice_is(text_slice(&node->text), row->fallback);
    return node->count == 0 && row->fallback &&
           strcmp(row->fallback, node->type == YAML_SEQUENCE ? "[]" : "{}") == 0;
}

static void read_group(struct schema_reading *reading, const struct schema_row *group,
                       const struct yaml_node *node, void *base);

static void read_value(struct schema_reading *reading, const struct schema_row *row,
                       const struct yaml_node *node, void *base)
{
    if (row->later && !is_fallback(row, node))
        problems_add(reading->reader->problems, node->at, "%s is not supported yet",
                     schema_key(row));
    else if (row->type == &schema_group)
        read_group(reading, row, node, base);
    else if (!row->later)
        row->type->read(reading, row, node,
                        row->offset == SCHEMA_NO_FIELD ? NULL : (char *)base + row->offset);
}

static void read_entry(struct schema_reading *reading, struct slice prefix, const struct text *key,
                       const struct yaml_node *node, void *base)
{
    const struct schema *schema = reading->reader->schema;
    const struct schema_row *row = find_row(schema, prefix, text_slice(key));
    if (!row) {
        add_unknown(reading, prefix, key);
        return;
    }
    size_t i = (size_t)(row - schema->rows);
    if (yaml_is_null(node) && !row->type->takes_null)
        return;
    reading->given[i] = node;
    read_value(reading, row, node, base);
}

static void read_group(struct schema_reading *reading, const struct schema_row *group,
                       const struct yaml_node *node, void *base)
{
    char path[128];
    struct slice prefix = prefix_of(group, path);
    if (node->type != YAML_MAPPING && group) {
        schema_wrong(reading, group, node, NULL);
        return;
    }
    if (node->type != YAML_MAPPING && !yaml_is_null(node)) {
        problems_add(reading->reader->problems, node->at, "%s is needed, not %s",
                     schema_group.needed, schema_shown(reading, node));
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        read_entry(reading, prefix, &node->keys[i], node->items[i], base);
}

/* The mapping that a row stands in; NULL: it is not there, or is none. */
static const struct yaml_node *find_parent(const struct schema_reading *reading,
                                           const struct schema_row *row)
{
    size_t size = parent_size(row);
    const struct schema *schema = reading->reader->schema;
    const struct yaml_node *parent = size == 0 ? reading->root : NULL;
    for (size_t i = 0; size > 0 && i < schema->count; i++)
        if (slice_is((struct slice){row->path, size - 1}, schema->rows[i].path))
            parent = reading->given[i];
    return parent && (parent->type == YAML_MAPPING || yaml_is_null(parent)) ? parent : NULL;
}

/* Where `row` would be written: in the own mapping, as far down as it goes. */
static struct place missing_at(const struct schema_reading *reading, const struct schema_row *row,
                               const struct yaml_node *parent)
{
    const struct yaml_node *node = reading->own;
    if (!node)
        return parent->at;
    const char *name = row->path;
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(name, '.')) {
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)(dot - name), name);
        const struct yaml_node *next = yaml_find(node, key);
        if (!next)
            break;
        node = next;
        name = dot + 1;
    }
    return node->at;
}

static void fill_in(struct schema_reading *reading, size_t i, void *base)
{
    const struct schema_row *row = &reading->reader->schema->rows[i];
    const struct yaml_node *fallback = reading->reader->fallbacks[i];
    if (fallback) {
        read_value(reading, row, fallback, base);
        return;
    }
    const struct yaml_node *parent = row->fallback ? NULL : find_parent(reading, row);
    if (parent)
        problems_add(reading->reader->problems, missing_at(reading, row, parent), "%s is missing",
                     row->path);
}

void schema_read(const struct schema_reader *reader, const struct yaml_node *node, void *base,
                 struct schema_reading *reading)
{
    reading->reader = reader;
    reading->root = node;
    memset(reading->given, 0, sizeof reading->given);
    read_group(reading, NULL, node, base);
    if (reading->partial)
        return;
    for (size_t i = 0; i < reader->schema->count; i++)
        if (!reading->given[i])
            fill_in(reading, i, base);
}

const struct yaml_node *schema_given(const struct schema_reading *reading, const char *path)
{
    const struct schema *schema = reading->reader->schema;
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->rows[i].path, path) == 0)
            return reading->given[i];
    assert(!"a path of the table");
    return NULL;
}
