#include "config/changes.h"

#include <string.h>

#include "config/schema.h"
#include "config/yaml.h"

static bool same(const struct yaml_node *a, const struct yaml_node *b)
{
    if (!a || !b)
        return a == b;
    if (a->type != b->type || a->count != b->count)
        return false;
    if (a->type == YAML_SCALAR)
        return slice_equal(text_slice(&a->text), text_slice(&b->text));
    for (size_t i = 0; i < a->count; i++) {
        const struct yaml_node *other =
            a->type == YAML_MAPPING ? yaml_find(b, a->keys[i].data) : b->items[i];
        if (!same(a->items[i], other))
            return false;
    }
    return true;
}

/* The node at "topics.results"; NULL: it is not written. */
static const struct yaml_node *at_path(const struct yaml_node *node, const char *path)
{
    while (node && *path) {
        char name[64];
        size_t size = strcspn(path, ".");
        if (size >= sizeof name)
            return NULL;
        memcpy(name, path, size);
        name[size] = '\0';
        node = yaml_find(node, name);
        path += size + (path[size] == '.');
    }
    return node;
}

void changes_for_restart(const struct settings *before, const struct settings *now,
                         struct buffer *names)
{
    for (size_t i = 0; i < settings_schema.count; i++) {
        const struct schema_row *row = &settings_schema.rows[i];
        if (row->reload || row->type == &schema_group ||
            same(at_path(before->root, row->path), at_path(now->root, row->path)))
            continue;
        buffer_add_text(names, names->size ? ", " : "");
        buffer_add_text(names, row->path);
    }
}
