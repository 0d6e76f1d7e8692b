#include "render/body.h"

#include "config/yaml.h"

static void add_json_text(struct template_builder *builder, const struct text *text,
                          const char *where)
{
    struct template_style style = {ENCODE_JSON_STRING, ENCODE_JSON_STRING, where};
    if (template_is_one_expression(text_slice(text))) {
        style.values = ENCODE_JSON;
        template_add_text(builder, text, &style);
        return;
    }
    template_add_literal(builder, SLICE("\""));
    template_add_text(builder, text, &style);
    template_add_literal(builder, SLICE("\""));
}

static void add_json_scalar(struct template_builder *builder, const struct yaml_node *node,
                            const char *where)
{
    if (yaml_kind(node) == YAML_STRING)
        add_json_text(builder, &node->text, where);
    else if (!yaml_add_json(node, &builder->literal))
        problems_add(builder->problems, node->at, "%s: JSON has no number for %s", where,
                     node->written);
}

static void add_json(struct template_builder *builder, const struct yaml_node *node,
                     const char *where)
{
    if (node->type == YAML_SCALAR) {
        add_json_scalar(builder, node, where);
        return;
    }
    bool mapping = node->type == YAML_MAPPING;
    template_add_literal(builder, mapping ? SLICE("{") : SLICE("["));
    for (size_t i = 0; i < node->count; i++) {
        const char *inner = mapping
                                ? arena_print(builder->arena, "%s.%s", where, node->keys[i].data)
                                : arena_print(builder->arena, "%s[%zu]", where, i);
        if (i > 0)
            template_add_literal(builder, SLICE(","));
        if (mapping) {
            jtext_add_string(&builder->literal, text_slice(&node->keys[i]));
            template_add_literal(builder, SLICE(":"));
        }
        add_json(builder, node->items[i], inner);
    }
    template_add_literal(builder, mapping ? SLICE("}") : SLICE("]"));
}

static void add_form(struct template_builder *builder, const struct yaml_node *node,
                     const char *where)
{
    for (size_t i = 0; i < node->count; i++) {
        struct template_style style = {
            ENCODE_FORM, ENCODE_FORM,
            arena_print(builder->arena, "%s.%s", where, node->keys[i].data)};
        if (i > 0)
            template_add_literal(builder, SLICE("&"));
        encode_add(&builder->literal, ENCODE_FORM, text_slice(&node->keys[i]));
        template_add_literal(builder, SLICE("="));
        template_add_text(builder, &node->items[i]->text, &style);
    }
}

static void add_text(struct template_builder *builder, const struct yaml_node *node,
                     const char *where)
{
    struct template_style style = {ENCODE_NOTHING, ENCODE_NOTHING, where};
    template_add_text(builder, &node->text, &style);
}

/* The program alone, without braces. */
static void add_jq(struct template_builder *builder, const struct yaml_node *node,
                   const char *where)
{
    struct template_style style = {ENCODE_NOTHING, ENCODE_JSON, where};
    template_add_program(builder, &node->text, &style);
}

static const struct {
    void (*add)(struct template_builder *builder, const struct yaml_node *node, const char *where);
    const char *where;
    const char *content_type;
} kinds[] = {
    [BODY_JSON] = {add_json, "body.json", "application/json"},
    [BODY_FORM] = {add_form, "body.form", "application/x-www-form-urlencoded"},
    [BODY_TEXT] = {add_text, "body.text", "text/plain; charset=utf-8"},
    [BODY_JQ] = {add_jq, "body.jq", "application/json"},
};

struct body body_compile(const struct subscription *sub, struct template_builder *builder)
{
    const struct subscription_request *request = &sub->request;
    struct body body = {.kind = request->body_kind, .max_bytes = sub->delivery.max_body_bytes};
    if (body.kind == BODY_DEFAULT)
        body.kind = slice_is(text_slice(&request->method), "GET") ? BODY_NONE : BODY_EVENT;
    if (body.kind == BODY_EVENT || body.kind == BODY_NONE)
        return body;
    kinds[body.kind].add(builder, request->body, kinds[body.kind].where);
    body.template = template_build(builder);
    body.content_type = kinds[body.kind].content_type;
    return body;
}

static bool too_large(const struct body *body, struct error *err)
{
    return error_set(err, ERROR_TOO_LARGE, "the body has more than max_body's %zu bytes",
                     body->max_bytes);
}

/* A tombstone's is empty. */
static bool render_event(const struct body *body, const struct scope *scope,
                         struct request *request, struct error *err)
{
    request->body = scope->ev->value;
    return request->body.size <= body->max_bytes || too_large(body, err);
}

bool body_render(const struct body *body, const struct scope *scope, struct request *request,
                 struct error *err)
{
    if (body->kind == BODY_NONE)
        return true;
    if (body->kind == BODY_EVENT)
        return render_event(body, scope, request, err);
    struct buffer *out = &request->body_bytes;
    out->limit = body->max_bytes + 1; /* 0 would be none */
    if (!template_render(&body->template, scope, out, err))
        return false;
    if (out->failed || out->size > body->max_bytes)
        return too_large(body, err);
    request->body = buffer_slice(out);
    return true;
}
