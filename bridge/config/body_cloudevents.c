/* What stands under `body: { cloudevents: … }`. */
#include "config/body_types.h"

#include "base/compiler.h"
#include "base/nearest.h"

static const char *const keys[] = {"mode", "source", "type", "subject"};

static void check_mode(const struct schema_reading *reading, const struct yaml_node *node)
{
    struct slice mode = node->type == YAML_SCALAR ? text_slice(&node->text) : SLICE("");
    if (!slice_is(mode, "binary") && !slice_is(mode, "structured") && !node->broken)
        problems_add(reading->reader->problems, node->at,
                     "cloudevents: binary or structured is needed, not %s",
                     schema_shown(reading, node));
}

static bool is_known(struct slice key)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (slice_is(key, keys[i]))
            return true;
    return false;
}

static void add_unknown(struct problems *problems, const struct text *key)
{
    struct nearest nearest;
    nearest_init(&nearest, text_slice(key));
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        nearest_offer(&nearest, keys[i]);
    if (nearest.name)
        problems_add(problems, key->at, "unknown key %s; did you mean %s?", key->data,
                     nearest.name);
    else
        problems_add(problems, key->at, "unknown key %s; known here: mode, source, type, subject",
                     key->data);
}

static void check_key(const struct schema_reading *reading, const struct text *key,
                      const struct yaml_node *node)
{
    struct problems *problems = reading->reader->problems;
    if (!is_known(text_slice(key)))
        add_unknown(problems, key);
    else if (slice_is(text_slice(key), "mode"))
        check_mode(reading, node);
    else if (node->type != YAML_SCALAR)
        problems_add(problems, node->at, "cloudevents: %s: a text is needed, not %s", key->data,
                     schema_shown(reading, node));
}

void body_check_cloudevents(const struct schema_reading *reading, const struct yaml_node *node)
{
    if (node->type != YAML_MAPPING) {
        check_mode(reading, node);
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        check_key(reading, &node->keys[i], node->items[i]);
    if (!yaml_find(node, "mode"))
        problems_add(reading->reader->problems, node->at,
                     "cloudevents: mode is missing: binary or structured");
}
