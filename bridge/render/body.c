#include "render/body.h"

#include "config/yaml.h"
#include "render/content_type.h"
#include "render/gzip.h"

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

/* That JSON has no number for .inf is what config/ has said. */
static void add_json_scalar(struct template_builder *builder, const struct yaml_node *node,
                            const char *where)
{
    if (yaml_kind(node) == YAML_STRING)
        add_json_text(builder, &node->text, where);
    else
        (void)!yaml_add_json(node, &builder->literal);
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
            template_add_name(builder, &node->keys[i], ENCODE_JSON, where);
            template_add_literal(builder, SLICE(":"));
        }
        add_json(builder, node->items[i], inner);
    }
    template_add_literal(builder, mapping ? SLICE("}") : SLICE("]"));
}

static void add_form(struct template_builder *builder, const struct yaml_node *node,
                     const char *where)
{
    for (size_t i = 0; node->type == YAML_MAPPING && i < node->count; i++) {
        struct template_style style = {
            ENCODE_FORM, ENCODE_FORM,
            arena_print(builder->arena, "%s.%s", where, node->keys[i].data)};
        if (i > 0)
            template_add_literal(builder, SLICE("&"));
        template_add_name(builder, &node->keys[i], ENCODE_FORM, where);
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
    if (node->type != YAML_SCALAR || yaml_is_null(node))
        return; /* config/ has said so */
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
    struct body body = {.kind = request->body_kind,
                        .max_bytes = sub->delivery.max_body_bytes,
                        .gzip_bytes = request->gzip_bytes};
    if (body.kind == BODY_DEFAULT)
        body.kind = slice_is(text_slice(&request->method), "GET") ? BODY_NONE : BODY_EVENT;
    switch (body.kind) {
    case BODY_DEFAULT:
    case BODY_EVENT:
    case BODY_NONE:
        break;
    case BODY_XML:
        body.xml = xml_compile(request->body, builder);
        body.content_type = "application/xml";
        break;
    case BODY_CLOUDEVENTS:
        body.cloudevents = cloudevents_compile(request->body, builder);
        if (body.cloudevents.structured)
            body.content_type = "application/cloudevents+json; charset=UTF-8";
        break;
    case BODY_JSON:
    case BODY_FORM:
    case BODY_TEXT:
    case BODY_JQ:
        kinds[body.kind].add(builder, request->body, kinds[body.kind].where);
        body.template = template_build(builder);
        body.content_type = kinds[body.kind].content_type;
        break;
    }
    return body;
}

/* What it makes is in request->body_bytes, and request->body says what of it is sent. */
static bool make(const struct body *body, const struct scope *scope, struct request *request,
                 struct error *err)
{
    struct buffer *made = &request->body_bytes;
    switch (body->kind) {
    case BODY_DEFAULT:
    case BODY_NONE:
        return true;
    case BODY_EVENT: /* a tombstone's is empty */
        request->body = scope->ev->value;
        request->content_type = content_type_of(scope->ev);
        return true;
    case BODY_CLOUDEVENTS:
        return cloudevents_render(&body->cloudevents, scope, request, err);
    case BODY_XML:
        if (!xml_render(&body->xml, scope, request, err))
            return false;
        break;
    case BODY_JSON:
    case BODY_FORM:
    case BODY_TEXT:
    case BODY_JQ:
        if (!template_render(&body->template, scope, made, err))
            return false;
        break;
    }
    request->body = buffer_slice(made);
    return true;
}

static void pack(const struct body *body, struct request *request)
{
    if (body->gzip_bytes == 0 || request->body.size < body->gzip_bytes ||
        !gzip_pack(request->gzip, request->body, &request->packed))
        return;
    request->unpacked = request->body;
    request->body = buffer_slice(&request->packed);
}

bool body_render(const struct body *body, const struct scope *scope, struct request *request,
                 struct error *err)
{
    request->body_bytes.limit = body->max_bytes + 1; /* 0 would be none */
    if (!make(body, scope, request, err))
        return false;
    if (request->body_bytes.failed || request->body.size > body->max_bytes)
        return error_set(err, ERROR_TOO_LARGE,
                         "delivery.max_body: the body has more than %zu bytes", body->max_bytes);
    pack(body, request);
    return true;
}
