#include "render/plan.h"

#include <stdlib.h>

#include "base/arena.h"
#include "expr/template.h"
#include "render/body.h"
#include "render/headers.h"
#include "render/url.h"

#define ID_BYTES_MAX  1024u
#define URL_BYTES_MAX (64u << 10)

struct plan {
    struct arena arena;
    const char *method;
    bool has_id;
    struct template id; /* `id:`; else the position behind id_prefix */
    struct slice id_prefix;
    struct template url; /* with the query */
    struct url_shape shape;
    bool path_varies;
    struct headers headers;
    struct body body;
};

static const char *static_method(const struct text *method)
{
    static const char *const methods[] = {"POST", "GET", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (slice_is(text_slice(method), methods[i]))
            return methods[i];
    return methods[0];
}

/* What can't stand in an id: a '.', which the signature's content is split by, and what HTTP may
 * trim or refuse. */
static void clean_id(char *id, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (id[i] == '.' || (unsigned char)id[i] <= ' ' || id[i] == 0x7F)
            id[i] = '_';
}

static void compile_id(struct plan *plan, const struct subscription *sub, const char *namespace,
                       struct template_builder *builder)
{
    char *prefix = arena_print(&plan->arena, "%s%s", namespace ? namespace : "",
                               namespace && *namespace ? "-" : "");
    plan->id_prefix = slice_of(prefix);
    clean_id(prefix, plan->id_prefix.size);
    plan->has_id = sub->id.data;
    if (!plan->has_id)
        return;
    struct template_style style = {ENCODE_NOTHING, ENCODE_NOTHING, "id"};
    template_add_text(builder, &sub->id, &style);
    plan->id = template_build(builder);
    if (template_uses(&plan->id, ROOT_ID))
        problems_add(builder->problems, sub->id.at, "id: $id can't be made of itself");
}

/* One item of the query, with what parts it from the text before it. */
static void add_query_item(struct template_builder *builder, const struct named_text *item,
                           const char *joint)
{
    struct template_style style = {ENCODE_URI, ENCODE_URI,
                                   arena_print(builder->arena, "query.%s", item->name.data)};
    template_add_literal(builder, slice_of(joint));
    template_add_name(builder, &item->name, ENCODE_URI, "query");
    template_add_literal(builder, SLICE("="));
    template_add_text(builder, &item->value, &style);
}

static void add_query(const struct plan *plan, struct template_builder *builder,
                      const struct named_texts *query)
{
    const char *joint = plan->shape.takes_item ? "" : plan->shape.has_query ? "&" : "?";
    for (size_t i = 0; i < query->count; i++) {
        add_query_item(builder, &query->items[i], joint);
        joint = "&";
    }
}

static void compile_url(struct plan *plan, const struct subscription_request *request,
                        struct template_builder *builder)
{
    struct template_style style = {ENCODE_NOTHING, ENCODE_SEGMENT, "url"};
    if (!request->url.data)
        return;
    url_check(&request->url, &plan->shape, builder->problems);
    template_add_text(builder, &request->url, &style);
    plan->path_varies = strstr(request->url.data, "{{");
    add_query(plan, builder, &request->query);
    plan->url = template_build(builder);
}

struct plan *plan_create(const struct subscription *sub, const char *namespace, struct jq *jq,
                         struct problems *problems)
{
    size_t mistakes = problems->count;
    struct plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return NULL;
    struct template_builder builder = {.arena = &plan->arena, .problems = problems, .jq = jq};
    plan->method = static_method(&sub->request.method);
    compile_id(plan, sub, namespace, &builder);
    compile_url(plan, &sub->request, &builder);
    plan->body = body_compile(sub, &builder);
    plan->headers = headers_compile(sub, plan->body.content_type, &builder);
    if (problems->count == mistakes && sub->request.url.data)
        return plan;
    plan_destroy(plan);
    return NULL;
}

void plan_destroy(struct plan *plan)
{
    if (!plan)
        return;
    arena_finish(&plan->arena);
    free(plan);
}

static void add_position(const struct plan *plan, const struct record *record, struct buffer *id)
{
    buffer_add_slice(id, plan->id_prefix);
    size_t start = id->size;
    buffer_add_text(id, record->topic);
    if (!id->failed)
        clean_id(id->data + start, id->size - start);
    buffer_add_char(id, '-');
    buffer_add_int(id, record->partition);
    buffer_add_char(id, '-');
    buffer_add_int(id, record->offset);
}

static bool render_id(const struct plan *plan, struct scope *scope, struct buffer *id,
                      struct error *err)
{
    id->limit = ID_BYTES_MAX;
    if (!plan->has_id) {
        add_position(plan, scope->ev->record, id);
    } else {
        if (!template_render(&plan->id, scope, id, err))
            return false;
        if (id->size == 0 && !id->failed)
            return error_set(err, ERROR_RENDER, "id: it is empty");
        clean_id(id->data, id->size);
    }
    if (id->failed)
        return error_set(err, ERROR_RENDER, "id: more than %u bytes", ID_BYTES_MAX);
    scope->id = buffer_slice(id);
    return true;
}

static bool render_url(const struct plan *plan, const struct scope *scope, struct request *request,
                       struct error *err)
{
    struct buffer *url = &request->url;
    url->limit = URL_BYTES_MAX;
    if (!template_render(&plan->url, scope, url, err))
        return false;
    if (url->failed)
        return error_set(err, ERROR_RENDER, "url: more than %u bytes", URL_BYTES_MAX);
    if (plan->path_varies && url_climbs(buffer_slice(url), plan->shape.authority_bytes))
        return error_set(err, ERROR_RENDER, "url: a segment of the path would be . or ..");
    return true;
}

bool plan_render(const struct plan *plan, const struct event *ev, struct jq *jq,
                 struct request *request, struct error *err)
{
    request_clear(request);
    request->headers.limit = HEADERS_BYTES_MAX;
    struct scope scope = {
        .ev = ev, .scratch = &request->scratch, .jq = jq, .most = plan->body.max_bytes};
    request->method = plan->method;
    if (render_id(plan, &scope, &request->id, err) && render_url(plan, &scope, request, err) &&
        body_render(&plan->body, &scope, request, err) &&
        headers_render(&plan->headers, &scope, request, err))
        return true;
    if (request_lacks_memory(request))
        error_set(err, ERROR_MEMORY, "no memory for the request");
    if (!scope.id.data)
        buffer_clear(&request->id); /* a fragment is nobody's id */
    return false;
}
