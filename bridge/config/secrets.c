#include "config/secrets.h"

#include "config/subscription_types.h"

struct collection {
    struct arena *arena;
    const struct text_secret *first;
};

static bool has(const struct collection *all, struct slice value)
{
    for (const struct text_secret *secret = all->first; secret; secret = secret->next)
        if (slice_equal(secret->value, value))
            return true;
    return false;
}

static void add(struct collection *all, struct slice value)
{
    if (value.size == 0 || has(all, value))
        return;
    struct text_secret *secret = arena_alloc(all->arena, sizeof *secret);
    *secret = (struct text_secret){all->first, value};
    all->first = secret;
}

static void add_values(struct collection *all, const struct yaml_node *node)
{
    for (const struct text_secret *from = node->text.secrets; from; from = from->next)
        add(all, from->value);
    for (size_t i = 0; i < node->count; i++)
        add_values(all, node->items[i]);
}

/* A scalar, or a list of them. */
static void add_literals(struct collection *all, const struct yaml_node *node)
{
    if (node->type == YAML_SCALAR)
        add(all, text_slice(&node->text));
    for (size_t i = 0; node->type == YAML_SEQUENCE && i < node->count; i++)
        if (node->items[i]->type == YAML_SCALAR)
            add(all, text_slice(&node->items[i]->text));
}

static bool is_secret(const struct schema_type *type)
{
    return type == &schema_secret || type == &schema_secrets || type == &schema_password;
}

const struct text_secret *secrets_collect(const struct schema_reading *reading)
{
    static const char *const groups[] = {"filter", "request", "auth", "sign", "tls"};
    const struct schema *schema = reading->reader->schema;
    struct collection all = {.arena = reading->reader->arena};
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        const struct yaml_node *group = yaml_find(reading->root, groups[i]);
        if (group)
            add_values(&all, group);
    }
    for (size_t i = 0; i < schema->count; i++)
        if (is_secret(schema->rows[i].type) && reading->given[i])
            add_literals(&all, reading->given[i]);
    return all.first;
}
