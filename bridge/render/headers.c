#include "render/headers.h"

#include "render/trace.h"

static bool is_given(const struct named_texts *texts, const char *name)
{
    for (size_t i = 0; i < texts->count; i++)
        if (slice_equal_nocase(text_slice(&texts->items[i].name), slice_of(name)))
            return true;
    return false;
}

static void add_line(struct template_builder *builder, const char *name, const char *value)
{
    template_add_literal(builder, slice_of(name));
    template_add_literal(builder, SLICE(": "));
    template_add_literal(builder, slice_of(value));
    template_add_literal(builder, SLICE("\0"));
}

static void add_text_line(struct template_builder *builder, const struct named_text *header)
{
    struct template_style style = {ENCODE_HEADER, ENCODE_HEADER,
                                   arena_print(builder->arena, "headers.%s", header->name.data)};
    template_add_literal(builder, text_slice(&header->name));
    template_add_literal(builder, SLICE(": "));
    template_add_text(builder, &header->value, &style);
    template_add_literal(builder, SLICE("\0"));
}

struct headers headers_compile(const struct subscription *sub, const char *content_type,
                               struct template_builder *builder)
{
    const struct named_texts *texts = &sub->request.headers;
    for (size_t i = 0; i < texts->count; i++)
        add_text_line(builder, &texts->items[i]);
    bool typed = is_given(texts, "Content-Type");
    if (content_type && !typed)
        add_line(builder, "Content-Type", content_type);
    if (!is_given(texts, "User-Agent"))
        add_line(builder, "User-Agent", "grapnel/" GRAPNEL_VERSION);
    return (struct headers){
        .lines = template_build(builder),
        .adds_content_type = !content_type && !typed,
        .adds_traceparent = !is_given(texts, "traceparent"),
        .adds_tracestate = !is_given(texts, "tracestate"),
        .forward = forward_compile(sub, builder->arena),
    };
}

/* Trace context goes on as it came: both, the first alone, or neither (W3C Trace Context §3.2.2.5,
 * §3.3.1). */
static void pass_trace(const struct headers *headers, const struct scope *scope,
                       struct request *request)
{
    struct slice parent = record_header(scope->ev->record, "traceparent");
    if (!parent.data || !trace_parent_is_valid(parent))
        return;
    if (headers->adds_traceparent)
        request_add_header(request, SLICE("traceparent"), parent);
    struct slice state = record_header(scope->ev->record, "tracestate");
    if (headers->adds_tracestate && state.data && trace_state_is_valid(state))
        request_add_header(request, SLICE("tracestate"), state);
}

bool headers_render(const struct headers *headers, const struct scope *scope,
                    struct request *request, struct error *err)
{
    if (!template_render(&headers->lines, scope, &request->headers, err))
        return false;
    if (headers->adds_content_type && request->body.size)
        request_add_header(request, SLICE("Content-Type"), request->content_type);
    if (request->unpacked.data)
        request_add_header(request, SLICE("Content-Encoding"), SLICE("gzip"));
    pass_trace(headers, scope, request);
    if (!forward_render(&headers->forward, scope, request, err))
        return false;
    if (request->headers.failed)
        return error_set(err, ERROR_RENDER, "headers: more than %u bytes", HEADERS_BYTES_MAX);
    return true;
}
