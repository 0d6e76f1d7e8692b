/* JSON Schemas of the tables of keys, in the draft that editors' YAML servers know best. They say
 * no to nothing that `check` says yes to; what only check can tell they let pass. */
#include "cli/help.h"

#include <string.h>

#include "base/jtext.h"
#include "config/schema.h"
#include "config/settings.h"
#include "config/subscription.h"
#include "settle/result.h"

#define DRAFT      "http://json-schema.org/draft-07/schema#"
#define LINE_BYTES 60

struct writer {
    struct buffer *out;
    const struct schema *schema;
    struct arena arena;
};

/* JSON with ' for ". */
static void add(struct writer *w, const char *json)
{
    for (const char *c = json; *c; c++)
        buffer_add_char(w->out, *c == '\'' ? '"' : *c);
}

/* Between members and items: none before the first. */
static void add_comma(struct writer *w)
{
    if (w->out->size && !strchr("{[", w->out->data[w->out->size - 1]))
        add(w, ", ");
}

static void add_node(struct writer *w, const struct yaml_node *node)
{
    if (node->type == YAML_SEQUENCE) {
        add(w, "[");
        for (size_t i = 0; i < node->count; i++) {
            add_comma(w);
            add_node(w, node->items[i]);
        }
        add(w, "]");
        return;
    }
    if (yaml_kind(node) == YAML_STRING || !yaml_add_json(node, w->out))
        jtext_add_string(w->out, text_slice(&node->text));
}

/* The default, which is YAML; "null" where there is none. */
static void add_fallback(struct writer *w, const struct schema_row *row)
{
    struct problems problems = {0};
    const struct yaml_node *node =
        yaml_read_bytes(&w->arena, NULL, slice_of(row->fallback), &problems);
    add_node(w, node);
    problems_finish(&problems);
}

static bool has_default(const struct schema_row *row)
{
    return row->fallback && strcmp(row->fallback, "null") != 0;
}

/* One of `values`, and as a number where it looks like one to YAML. */
static void add_value(struct writer *w, struct slice value)
{
    add_comma(w);
    jtext_add_string(w->out, value);
    if (value.size && strspn(value.data, "0123456789.") >= value.size) {
        add(w, ", ");
        buffer_add_slice(w->out, value);
    }
}

static void add_values(struct writer *w, const char *values)
{
    add(w, "'anyOf': [{'enum': [");
    while (*values) {
        size_t size = strcspn(values, "|");
        if (size && *values != '!')
            add_value(w, (struct slice){values, size});
        values += size + (values[size] == '|');
    }
    add(w, "]}, " SCHEMA_JSON_EXPANDED "]");
}

static void add_count(struct writer *w, const struct schema_row *row)
{
    add(w, "'anyOf': [{'type': 'integer', 'minimum': ");
    add(w, row->min);
    add(w, ", 'maximum': ");
    add(w, row->max);
    add(w, "}, {'type': 'string', 'pattern': '^[0-9]+$'}, " SCHEMA_JSON_EXPANDED "]");
}

static void add_group(struct writer *w, const char *prefix);

static void add_part(struct writer *w, const struct schema_row *row)
{
    if (strcmp(row->path, "subscriptions") == 0)
        add(w, "'type': 'array', 'items': {'anyOf': [{'type': 'string', 'minLength': 1}, "
               "{'$ref': '#/definitions/named'}]}");
    else if (strcmp(row->path, "defaults") == 0)
        add(w, "'allOf': [{'$ref': '#/definitions/subscription'}]");
}

static void add_type(struct writer *w, const struct schema_row *row)
{
    if (row->later) {
        add(w, "'enum': [null");
        if (has_default(row)) {
            add(w, ", ");
            add_fallback(w, row);
        }
        add(w, "]");
    } else if (row->values) {
        add_values(w, row->values);
    } else if (row->type == &schema_group) {
        add_group(w, row->path);
    } else if (row->type == &schema_count) {
        add_count(w, row);
    } else if (*row->type->json) {
        add(w, row->type->json);
    } else {
        add_part(w, row);
    }
}

/* A null stands for the default, where it isn't a value itself or nothing may be left out. */
static void add_row(struct writer *w, const struct schema_row *row, const char *key)
{
    bool takes_null = row->fallback && !row->type->takes_null && !row->later;
    add_comma(w);
    add(w, "'");
    add(w, key);
    add(w, "': {");
    buffer_add_text(w->out, "\"description\": ");
    jtext_add_string(w->out, slice_of(row->text));
    if (row->later) {
        w->out->size--; /* its quote */
        add(w, " Not supported yet.'");
    }
    if (has_default(row) && !row->later) {
        add(w, ", 'default': ");
        add_fallback(w, row);
    }
    add(w, takes_null ? ", 'anyOf': [{" : ", ");
    add_type(w, row);
    add(w, takes_null ? "}, {'type': 'null'}]}" : "}");
}

/* The keys right under `prefix`; NULL: those at the top. */
static void add_group(struct writer *w, const char *prefix)
{
    size_t size = prefix ? strlen(prefix) + 1 : 0;
    add(w, "'type': 'object', 'additionalProperties': false, 'properties': {");
    for (size_t i = 0; i < w->schema->count; i++) {
        const struct schema_row *row = &w->schema->rows[i];
        const char *key = row->path + size;
        bool under =
            !prefix || (strncmp(row->path, prefix, size - 1) == 0 && row->path[size - 1] == '.');
        if (under && !strchr(key, '.'))
            add_row(w, row, key);
    }
    add(w, "}");
}

static void add_definitions(struct writer *w)
{
    w->schema = &subscription_schema;
    add(w, "'definitions': {'expanded': {'type': 'string', 'pattern': "
           "'\\\\$\\\\{(env|file):[^}]+\\\\}'}, 'named': {'allOf': [{'$ref': "
           "'#/definitions/subscription'}], 'required': ['name']}, 'subscription': {");
    add_group(w, NULL);
    add(w, "}}");
}

static void add_settings(struct writer *w)
{
    w->schema = &settings_schema;
    add(w, "'title': 'grapnel.yaml', 'required': ['kafka'], ");
    add_group(w, NULL);
}

static void add_subscriptions(struct writer *w)
{
    add(w, "'title': 'subscriptions of grapnel', 'type': 'object', 'required': ['subscriptions'], "
           "'additionalProperties': false, 'properties': {'subscriptions': {'type': 'array', "
           "'items': {'$ref': '#/definitions/named'}}}");
}

/* ── in lines ────────────────────────────────────────────────────────────── */

/* Behind the JSON string that begins at `at`. */
static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

/* Behind what the bracket at `open` closes, where that fits into a line; else behind the bracket.
 */
static const char *skip_short(const char *open)
{
    size_t depth = 0;
    for (const char *at = open; at - open < LINE_BYTES; at++) {
        if (*at == '"')
            at = skip_string(at) - 1;
        else if (*at == '{' || *at == '[')
            depth++;
        else if ((*at == '}' || *at == ']') && --depth == 0)
            return at - open < LINE_BYTES ? at + 1 : open + 1;
    }
    return open + 1;
}

static const char *skip_piece(const char *at)
{
    if (*at == '"')
        return skip_string(at);
    return *at == '{' || *at == '[' ? skip_short(at) : at + 1;
}

static void print_break(FILE *out, size_t depth)
{
    fprintf(out, "\n%*s", (int)depth * 2, "");
}

/* Valid JSON whose members and items are parted by ", ". */
static void print_lines(FILE *out, const char *json)
{
    size_t depth = 0;
    for (const char *at = json; *at;) {
        const char *next = skip_piece(at);
        bool opens = (*at == '{' || *at == '[') && next == at + 1;
        if (*at == '}' || *at == ']')
            print_break(out, --depth);
        fwrite(at, 1, (size_t)(next - at), out);
        if (opens)
            print_break(out, ++depth);
        if (*at == ',') {
            print_break(out, depth);
            next++; /* the blank behind it */
        }
        at = next;
    }
    fputc('\n', out);
}

static void write_json_schema(bool settings, struct buffer *out)
{
    struct writer w = {.out = out};
    add(&w, "{'$schema': '" DRAFT "', '$comment': 'Made by grapnel help --schema', ");
    if (settings)
        add_settings(&w);
    else
        add_subscriptions(&w);
    add(&w, ", ");
    add_definitions(&w);
    add(&w, "}");
    arena_finish(&w.arena);
}

void schema_print(const char *name, FILE *out)
{
    struct buffer json = {0};
    if (strcmp(name, "result") == 0)
        result_write_schema(&json);
    else
        write_json_schema(strcmp(name, "grapnel") == 0, &json);
    print_lines(out, buffer_text(&json));
    buffer_finish(&json);
}
