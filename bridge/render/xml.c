#include "render/xml.h"

#include "render/xml_value.h"

/* Text as it is written, or an element whose content the event decides. */
struct xml_piece {
    struct xml_piece *next;
    struct template template; /* of an element: its one expression */
    struct slice element;     /* its name; data NULL: text */
    const char *where;        /* "body.xml.order.item" */
    bool is_root;
};

struct compiler {
    struct template_builder *text; /* up to the next piece */
    struct xml_piece **end;
    const struct yaml_node *root;
};

static struct xml_piece *add_piece(struct compiler *c, const struct template *template)
{
    struct xml_piece *piece = arena_alloc(c->text->arena, sizeof *piece);
    piece->template = *template;
    piece->element = SLICE_NONE;
    *c->end = piece;
    c->end = &piece->next;
    return piece;
}

static void flush_text(struct compiler *c)
{
    struct template template = template_build(c->text);
    if (template.count)
        add_piece(c, &template);
}

static void add_literal(struct compiler *c, const char *text)
{
    template_add_literal(c->text, slice_of(text));
}

static void add_tag(struct compiler *c, const char *open, const struct text *name,
                    const char *close)
{
    add_literal(c, open);
    template_add_literal(c->text, text_slice(name));
    add_literal(c, close);
}

static void add_text(struct compiler *c, const struct yaml_node *node, enum encoding encoding,
                     const char *where)
{
    struct template_style style = {encoding, encoding, where};
    if (!yaml_is_null(node))
        template_add_text(c->text, &node->text, &style);
}

/* The event decides what becomes of it; an expression that is constant does not. */
static void add_hole(struct compiler *c, const struct text *name, const struct yaml_node *node,
                     const char *where)
{
    struct template_builder own = {
        .arena = c->text->arena, .problems = c->text->problems, .jq = c->text->jq};
    struct template_style style = {ENCODE_XML_TEXT, ENCODE_XML_TEXT, where};
    template_add_text(&own, &node->text, &style);
    struct template template = template_build(&own);
    if (template_is_constant(&template)) {
        add_tag(c, "<", name, ">");
        for (size_t i = 0; i < template.count; i++)
            template_add_literal(c->text, template.parts[i].literal);
        add_tag(c, "</", name, ">");
        return;
    }
    flush_text(c);
    struct xml_piece *piece = add_piece(c, &template);
    piece->element = text_slice(name);
    piece->element.data = arena_copy(c->text->arena, piece->element);
    piece->where = where;
    piece->is_root = node == c->root;
}

static void add_element(struct compiler *c, const struct text *name, const struct yaml_node *node,
                        const char *where);

static void add_mapping(struct compiler *c, const struct text *name, const struct yaml_node *node,
                        const char *where)
{
    struct arena *arena = c->text->arena;
    add_tag(c, "<", name, "");
    for (size_t i = 0; i < node->count; i++) {
        const struct text *key = &node->keys[i];
        if (key->data[0] != '@')
            continue;
        const struct text attribute = {.data = key->data + 1, .size = key->size - 1};
        add_tag(c, " ", &attribute, "=\"");
        add_text(c, node->items[i], ENCODE_XML_ATTRIBUTE,
                 arena_print(arena, "%s.%s", where, key->data));
        add_literal(c, "\"");
    }
    add_literal(c, ">");
    for (size_t i = 0; i < node->count; i++) {
        const struct text *key = &node->keys[i];
        const char *inner = arena_print(arena, "%s.%s", where, key->data);
        if (slice_is(text_slice(key), "#text"))
            add_text(c, node->items[i], ENCODE_XML_TEXT, inner);
        else if (key->data[0] != '@')
            add_element(c, key, node->items[i], inner);
    }
    add_tag(c, "</", name, ">");
}

static void add_element(struct compiler *c, const struct text *name, const struct yaml_node *node,
                        const char *where)
{
    if (node->type == YAML_SEQUENCE) {
        for (size_t i = 0; i < node->count; i++)
            add_element(c, name, node->items[i], arena_print(c->text->arena, "%s[%zu]", where, i));
    } else if (node->type == YAML_MAPPING) {
        add_mapping(c, name, node, where);
    } else if (yaml_kind(node) == YAML_STRING &&
               template_is_one_expression(text_slice(&node->text))) {
        add_hole(c, name, node, where);
    } else {
        add_tag(c, "<", name, ">");
        add_text(c, node, ENCODE_XML_TEXT, where);
        add_tag(c, "</", name, ">");
    }
}

struct xml xml_compile(const struct yaml_node *node, struct template_builder *builder)
{
    struct xml_piece *first = NULL;
    struct compiler c = {.text = builder, .end = &first};
    if (node->type != YAML_MAPPING || node->count != 1)
        return (struct xml){NULL}; /* config/ has said so */
    c.root = node->items[0];
    add_literal(&c, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    add_element(&c, &node->keys[0], c.root,
                arena_print(builder->arena, "body.xml.%s", node->keys[0].data));
    flush_text(&c);
    return (struct xml){first};
}

static bool render_element(const struct xml_piece *piece, const struct scope *scope,
                           struct request *request, struct error *err)
{
    struct value value;
    if (!template_value(&piece->template, scope, &value, err))
        return false;
    if (piece->is_root && xml_value_is_list(&value))
        return error_set(err, ERROR_RENDER, "%s: the root is one element, not a list",
                         piece->where);
    if (!xml_value_add(piece->element, &value, request, err))
        return error_wrap(err, "%s", piece->where);
    return true;
}

bool xml_render(const struct xml *xml, const struct scope *scope, struct request *request,
                struct error *err)
{
    for (const struct xml_piece *piece = xml->pieces; piece; piece = piece->next) {
        bool fine = piece->element.data
                        ? render_element(piece, scope, request, err)
                        : template_render(&piece->template, scope, &request->body_bytes, err);
        if (!fine)
            return false;
    }
    return true;
}
