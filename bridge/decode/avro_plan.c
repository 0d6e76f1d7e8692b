#include "decode/avro_plan.h"

#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "base/compiler.h"
#include "base/jtext.h"
#include "decode/scalar.h"

/* The logical types of Avro 1.12, and what they may stand on. */
static const struct {
    const char *name;
    avro_type_t on;
    enum avro_kind kind;
    unsigned digits;
} logical_types[] = {
    {"date", AVRO_INT32, AVRO_KIND_DATE, 0},
    {"time-millis", AVRO_INT32, AVRO_KIND_TIME, 3},
    {"time-micros", AVRO_INT64, AVRO_KIND_TIME, 6},
    {"timestamp-millis", AVRO_INT64, AVRO_KIND_TIMESTAMP, 3},
    {"timestamp-micros", AVRO_INT64, AVRO_KIND_TIMESTAMP, 6},
    {"timestamp-nanos", AVRO_INT64, AVRO_KIND_TIMESTAMP, 9},
    {"local-timestamp-millis", AVRO_INT64, AVRO_KIND_LOCAL_TIMESTAMP, 3},
    {"local-timestamp-micros", AVRO_INT64, AVRO_KIND_LOCAL_TIMESTAMP, 6},
    {"local-timestamp-nanos", AVRO_INT64, AVRO_KIND_LOCAL_TIMESTAMP, 9},
    {"decimal", AVRO_BYTES, AVRO_KIND_DECIMAL, 0},
    {"decimal", AVRO_FIXED, AVRO_KIND_DECIMAL, 0},
    {"duration", AVRO_FIXED, AVRO_KIND_DURATION, 0},
    {"uuid", AVRO_FIXED, AVRO_KIND_UUID, 0},
};

/* ── nodes ───────────────────────────────────────────────────────────────── */

static struct avro_node *add_node(struct avro_plan *plan, enum avro_kind kind, avro_schema_t wire,
                                  size_t parts, struct error *err)
{
    if (plan->node_count == AVRO_PLAN_NODES) {
        error_set(err, ERROR_DECODE, "it has more than %d types", AVRO_PLAN_NODES);
        return NULL;
    }
    struct avro_node *node = calloc(1, sizeof *node + parts * sizeof node->parts[0]);
    if (!node) {
        error_set(err, ERROR_MEMORY, "no memory for a schema");
        return NULL;
    }
    node->consumer = avro_callbacks;
    node->consumer.schema = wire;
    node->kind = kind;
    node->size = AVRO_PLAN_NO_SIZE;
    node->count = parts;
    node->made_before = plan->nodes;
    plan->nodes = node;
    plan->node_count++;
    return node;
}

static bool set_text(struct avro_part *part, const char *before, const char *name,
                     const char *after, struct error *err)
{
    struct buffer text = {0};
    buffer_add_text(&text, before);
    buffer_add_text(&text, "\"");
    jtext_add_escaped(&text, slice_of(name));
    buffer_add_text(&text, after);
    if (!buffer_text(&text)) {
        buffer_finish(&text);
        return error_set(err, ERROR_MEMORY, "no memory for a schema");
    }
    part->text = text.data;
    part->size = text.size;
    return true;
}

/* avro-c refers to a type that is defined elsewhere by a link. Definitions come first. */
static struct avro_node *find_node(const struct avro_plan *plan, avro_schema_t target)
{
    for (struct avro_node *node = plan->nodes; node; node = node->made_before)
        if (node->schema == target)
            return node;
    return NULL;
}

/* ── types ───────────────────────────────────────────────────────────────── */

static struct avro_node *compile(struct avro_plan *plan, avro_schema_t schema, json_t *json,
                                 struct error *err);

static bool compile_part(struct avro_plan *plan, struct avro_part *part, avro_schema_t schema,
                         json_t *json, struct error *err)
{
    part->node = compile(plan, schema, json, err);
    return part->node;
}

static struct avro_node *compile_record(struct avro_plan *plan, avro_schema_t schema, json_t *json,
                                        struct error *err)
{
    json_t *fields = json_object_get(json, "fields");
    size_t count = avro_schema_record_size(schema);
    struct avro_node *node = add_node(plan, AVRO_KIND_RECORD, schema, count, err);
    if (!node)
        return NULL;
    node->schema = schema;
    for (size_t i = 0; i < count; i++) {
        json_t *type = json_object_get(json_array_get(fields, i), "type");
        if (!set_text(&node->parts[i], ",", avro_schema_record_field_name(schema, (int)i),
                      "\":", err) ||
            !compile_part(plan, &node->parts[i],
                          avro_schema_record_field_get_by_index(schema, (int)i), type, err))
            return NULL;
    }
    return node;
}

static struct avro_node *compile_union(struct avro_plan *plan, avro_schema_t schema, json_t *json,
                                       struct error *err)
{
    size_t count = avro_schema_union_size(schema);
    struct avro_node *node = add_node(plan, AVRO_KIND_UNION, avro_schema_long(), count, err);
    for (size_t i = 0; node && i < count; i++)
        if (!compile_part(plan, &node->parts[i], avro_schema_union_branch(schema, (int)i),
                          json_array_get(json, i), err))
            return NULL;
    return node;
}

static struct avro_node *compile_enum(struct avro_plan *plan, avro_schema_t schema,
                                      struct error *err)
{
    size_t count = (size_t)avro_schema_enum_number_of_symbols(schema);
    struct avro_node *node = add_node(plan, AVRO_KIND_ENUM, avro_schema_long(), count, err);
    if (!node)
        return NULL;
    node->schema = schema;
    for (size_t i = 0; i < count; i++)
        if (!set_text(&node->parts[i], "", avro_schema_enum_get(schema, (int)i), "\"", err))
            return NULL;
    return node;
}

static struct avro_node *compile_array(struct avro_plan *plan, avro_schema_t schema, json_t *json,
                                       struct error *err)
{
    struct avro_node *node = add_node(plan, AVRO_KIND_ARRAY, schema, 1, err);
    if (!node || !compile_part(plan, &node->parts[0], avro_schema_array_items(schema),
                               json_object_get(json, "items"), err))
        return NULL;
    return node;
}

static struct avro_node *compile_map(struct avro_plan *plan, avro_schema_t schema, json_t *json,
                                     struct error *err)
{
    struct avro_node *node = add_node(plan, AVRO_KIND_MAP, plan->pairs, 1, err);
    struct avro_node *pair = node ? add_node(plan, AVRO_KIND_PAIR, plan->pair, 2, err) : NULL;
    if (!pair)
        return NULL;
    node->parts[0].node = pair;
    pair->parts[0].node = add_node(plan, AVRO_KIND_STRING, avro_schema_long(), 0, err);
    if (!pair->parts[0].node || !compile_part(plan, &pair->parts[1], avro_schema_map_values(schema),
                                              json_object_get(json, "values"), err))
        return NULL;
    return node;
}

static struct avro_node *compile_fixed(struct avro_plan *plan, avro_schema_t schema,
                                       struct error *err)
{
    int64_t size = avro_schema_fixed_size(schema);
    if (size < 0 || size > AVRO_PLAN_SIZE_MAX) {
        error_set(err, ERROR_DECODE, "the fixed %s has a size of %lld", avro_schema_name(schema),
                  (long long)size);
        return NULL;
    }
    struct avro_node *node = add_node(plan, AVRO_KIND_BYTES, avro_schema_null(), 0, err);
    if (!node)
        return NULL;
    node->schema = schema;
    node->size = size;
    return node;
}

static struct avro_node *compile_type(struct avro_plan *plan, avro_schema_t schema, json_t *json,
                                      struct error *err)
{
    switch (avro_typeof(schema)) {
    case AVRO_NULL:
        return add_node(plan, AVRO_KIND_NULL, schema, 0, err);
    case AVRO_BOOLEAN:
        return add_node(plan, AVRO_KIND_BOOLEAN, schema, 0, err);
    case AVRO_INT32:
    case AVRO_INT64:
        return add_node(plan, AVRO_KIND_INTEGER, schema, 0, err);
    case AVRO_FLOAT:
        return add_node(plan, AVRO_KIND_FLOAT, schema, 0, err);
    case AVRO_DOUBLE:
        return add_node(plan, AVRO_KIND_DOUBLE, schema, 0, err);
    case AVRO_STRING:
        return add_node(plan, AVRO_KIND_STRING, avro_schema_long(), 0, err);
    case AVRO_BYTES:
        return add_node(plan, AVRO_KIND_BYTES, avro_schema_long(), 0, err);
    case AVRO_FIXED:
        return compile_fixed(plan, schema, err);
    case AVRO_ENUM:
        return compile_enum(plan, schema, err);
    case AVRO_RECORD:
        return compile_record(plan, schema, json, err);
    case AVRO_ARRAY:
        return compile_array(plan, schema, json, err);
    case AVRO_MAP:
        return compile_map(plan, schema, json, err);
    case AVRO_UNION:
        return compile_union(plan, schema, json, err);
    case AVRO_LINK:
        break;
    }
    return find_node(plan, avro_schema_link_target(schema));
}

/* ── logical types ───────────────────────────────────────────────────────── */

/* What is not as the specification has it counts as not said: then the type under it holds. */
static bool suits(const struct avro_node *node, enum avro_kind kind, json_t *json, unsigned *digits)
{
    json_int_t precision = json_integer_value(json_object_get(json, "precision"));
    json_int_t scale = json_integer_value(json_object_get(json, "scale"));
    switch (kind) {
    case AVRO_KIND_DECIMAL:
        *digits = (unsigned)scale;
        return precision > 0 && scale >= 0 && scale <= precision && scale <= SCALAR_SCALE_MAX;
    case AVRO_KIND_DURATION:
        return node->size == 12;
    case AVRO_KIND_UUID:
        return node->size == 16;
    default:
        return true;
    }
}

static void apply_logical_type(struct avro_node *node, avro_type_t type, json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "logicalType"));
    for (size_t i = 0; name && i < COUNT_OF(logical_types); i++) {
        unsigned digits = logical_types[i].digits;
        if (logical_types[i].on != type || strcmp(logical_types[i].name, name) != 0 ||
            !suits(node, logical_types[i].kind, json, &digits))
            continue;
        node->kind = logical_types[i].kind;
        node->digits = digits;
    }
}

static struct avro_node *compile(struct avro_plan *plan, avro_schema_t schema, json_t *json,
                                 struct error *err)
{
    struct avro_node *node = compile_type(plan, schema, json, err);
    if (node)
        apply_logical_type(node, avro_typeof(schema), json);
    return node;
}

/* ── schemas ─────────────────────────────────────────────────────────────── */

/* Nothing is read by them, and avro-c takes no NUL, which the default of bytes may well be. */
static void drop_defaults(json_t *json)
{
    const char *key = NULL;
    json_t *value = NULL;
    size_t i = 0;
    json_object_del(json, "default");
    json_object_foreach(json, key, value) drop_defaults(value);
    json_array_foreach(json, i, value) drop_defaults(value);
}

/* One union of all: in it each schema knows the names of those before it. */
static json_t *read_texts(const struct slice *texts, size_t count, struct error *err)
{
    json_t *all = json_array();
    for (size_t i = 0; all && i < count; i++) {
        json_error_t wrong;
        json_t *one =
            json_loadb(texts[i].data, texts[i].size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &wrong);
        if (!one) {
            bool no_memory = json_error_code(&wrong) == json_error_out_of_memory;
            error_set(err, no_memory ? ERROR_MEMORY : ERROR_DECODE, "it is not JSON: %s",
                      wrong.text);
            json_decref(all);
            return NULL;
        }
        drop_defaults(one);
        json_array_append_new(all, one);
    }
    if (!all)
        error_set(err, ERROR_MEMORY, "no memory for a schema");
    return all;
}

static bool parse(struct avro_plan *plan, const json_t *json, struct error *err)
{
    char *text = json_dumps(json, JSON_COMPACT);
    if (!text)
        return error_set(err, ERROR_MEMORY, "no memory for a schema");
    int failed = avro_schema_from_json_length(text, strlen(text), &plan->schema);
    free(text);
    if (!failed)
        return true;
    plan->schema = NULL;
    return error_set(err, ERROR_DECODE, "it is no Avro: %s", avro_strerror());
}

static bool make_pairs(struct avro_plan *plan, struct error *err)
{
    plan->pairs = avro_schema_array(avro_schema_null());
    plan->pair = avro_schema_record("pair", NULL);
    if (plan->pairs && plan->pair &&
        avro_schema_record_field_append(plan->pair, "key", avro_schema_null()) == 0 &&
        avro_schema_record_field_append(plan->pair, "value", avro_schema_null()) == 0)
        return true;
    return error_set(err, ERROR_MEMORY, "no memory for a schema");
}

struct avro_plan *avro_plan_create(const struct slice *texts, size_t count, struct error *err)
{
    struct avro_plan *plan = calloc(1, sizeof *plan);
    json_t *json = read_texts(texts, count, err);
    struct avro_node *all = NULL;
    if (plan && json && parse(plan, json, err) && make_pairs(plan, err))
        all = compile(plan, plan->schema, json, err);
    json_decref(json);
    if (!all) {
        avro_plan_destroy(plan);
        return NULL;
    }
    plan->root = all->parts[count - 1].node;
    return plan;
}

static void destroy_node(struct avro_node *node)
{
    for (size_t i = 0; i < node->count; i++)
        free(node->parts[i].text);
    free(node);
}

void avro_plan_destroy(struct avro_plan *plan)
{
    if (!plan)
        return;
    for (struct avro_node *node = plan->nodes, *next = NULL; node; node = next) {
        next = node->made_before;
        destroy_node(node);
    }
    avro_schema_decref(plan->schema);
    avro_schema_decref(plan->pairs);
    avro_schema_decref(plan->pair);
    free(plan);
}
