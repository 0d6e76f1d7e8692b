/* The tree under `body: { xml: … }`: a key that begins with @ is an attribute, #text is text, any
 * other an element; a list repeats its element. */
#include "config/body_types.h"

#include "base/compiler.h"
#include "base/xml.h"

/* The elements around a name, the innermost first: where prefixes are declared. */
struct scope {
    const struct schema_reading *reading;
    const struct yaml_node *element;
    const struct scope *outer;
};

static struct problems *problems_of(const struct scope *scope)
{
    return scope->reading->reader->problems;
}

/* Does an element around declare that prefix (Namespaces in XML 1.0 §3)? */
static bool is_declared(const struct scope *scope, struct slice prefix)
{
    for (; scope; scope = scope->outer)
        for (size_t i = 0; scope->element->type == YAML_MAPPING && i < scope->element->count; i++) {
            struct slice key = text_slice(&scope->element->keys[i]);
            if (slice_starts(key, SLICE("@xmlns:")) &&
                slice_equal(slice_from(key, strlen("@xmlns:")), prefix))
                return true;
        }
    return slice_is(prefix, "xml");
}

/* Bytes before the colon; 0: the name has no prefix. */
static size_t prefix_bytes(struct slice name)
{
    const char *colon = name.size ? memchr(name.data, ':', name.size) : NULL;
    return colon ? (size_t)(colon - name.data) : 0;
}

/* A name, or two with a colon between. */
static bool is_qualified_name(struct slice name)
{
    size_t prefix = prefix_bytes(name);
    if (prefix == 0)
        return xml_is_name(name);
    return xml_is_name((struct slice){name.data, prefix}) &&
           xml_is_name(slice_from(name, prefix + 1));
}

static void check_name(const struct scope *scope, const struct text *key, struct slice name,
                       const char *of)
{
    struct slice prefix = {name.data, prefix_bytes(name)};
    if (!is_qualified_name(name))
        problems_add(problems_of(scope), key->at, "xml: \"%.*s\" can't be the name of an %s",
                     SLICE_ARGS(name), of);
    else if (prefix.size && !is_declared(scope, prefix))
        problems_add(problems_of(scope), key->at,
                     "xml: the prefix of %.*s is declared nowhere: "
                     "an element around it needs \"@xmlns:%.*s\"",
                     SLICE_ARGS(name), SLICE_ARGS(prefix));
}

/* "@xmlns" or "@xmlns:prefix": a constant, or an event could say what the names mean. */
static void check_namespace(const struct scope *scope, const struct text *key, struct slice prefix,
                            const struct yaml_node *node)
{
    static const char *const reserved[] = {"http://www.w3.org/XML/1998/namespace",
                                           "http://www.w3.org/2000/xmlns/"};
    struct slice uri = text_slice(&node->text);
    bool fine = uri.size > 0 || prefix.size == 0;
    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        fine = fine && !slice_is(uri, reserved[i]);
    if (slice_is(prefix, "xml") || slice_is(prefix, "xmlns") ||
        (prefix.size && !xml_is_name(prefix)))
        problems_add(problems_of(scope), key->at, "xml: the prefix %.*s can't be declared",
                     SLICE_ARGS(prefix));
    else if (uri.size && memmem(uri.data, uri.size, "{{", 2))
        problems_add(problems_of(scope), node->at, "xml: a namespace must be constant");
    else if (!fine && !node->broken)
        problems_add(problems_of(scope), node->at, "xml: this can't be a namespace");
}

static bool check_scalar(const struct scope *scope, const struct text *key,
                         const struct yaml_node *node)
{
    if (node->type == YAML_SCALAR)
        return true;
    problems_add(problems_of(scope), node->at, "xml: %s: a text is needed, not %s", key->data,
                 schema_shown(scope->reading, node));
    return false;
}

static void check_attribute(const struct scope *scope, const struct text *key,
                            const struct yaml_node *node)
{
    struct slice name = slice_from(text_slice(key), 1);
    if (!check_scalar(scope, key, node))
        return;
    if (slice_is(name, "xmlns"))
        check_namespace(scope, key, SLICE(""), node);
    else if (slice_starts(name, SLICE("xmlns:")))
        check_namespace(scope, key, slice_from(name, strlen("xmlns:")), node);
    else
        check_name(scope, key, name, "attribute");
}

static void check_element(const struct scope *outer, const struct text *key,
                          const struct yaml_node *node)
{
    for (size_t i = 0; node->type == YAML_SEQUENCE && i < node->count; i++)
        check_element(outer, key, node->items[i]);
    if (node->type == YAML_SEQUENCE)
        return;
    const struct scope scope = {outer->reading, node, outer};
    check_name(&scope, key, text_slice(key), "element");
    for (size_t i = 0; node->type == YAML_MAPPING && i < node->count; i++) {
        const struct text *inner = &node->keys[i];
        if (slice_is(text_slice(inner), "#text"))
            check_scalar(&scope, inner, node->items[i]);
        else if (slice_starts(text_slice(inner), SLICE("@")))
            check_attribute(&scope, inner, node->items[i]);
        else
            check_element(&scope, inner, node->items[i]);
    }
}

void body_check_xml(const struct schema_reading *reading, const struct yaml_node *node)
{
    struct problems *problems = reading->reader->problems;
    const struct scope outside = {.reading = reading, .element = node};
    if (node->type != YAML_MAPPING || node->count != 1)
        problems_add(problems, node->at, "xml: a mapping with one key, the root, is needed, not %s",
                     node->type == YAML_MAPPING && node->count ? "several"
                     : node->type == YAML_MAPPING              ? "none"
                                                               : schema_shown(reading, node));
    else if (node->items[0]->type == YAML_SEQUENCE)
        problems_add(problems, node->items[0]->at, "xml: the root is one element, not a list");
    else
        check_element(&outside, &node->keys[0], node->items[0]);
}
