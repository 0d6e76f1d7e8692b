#include "render/forward.h"

#include "base/glob.h"
#include "config/header_names.h"

#define HEADERS_MAX 1000 /* of the record: each is looked up among those that are there */
#define NAME_MAX    256u

/* As names compare without case, patterns and names are matched in lower case. */
static void lower(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] |= 0x20;
}

static struct slice keep(struct arena *arena, const struct text *text)
{
    return text->data ? (struct slice){arena_copy(arena, text_slice(text)), text->size}
                      : SLICE_NONE;
}

struct forward forward_compile(const struct subscription *sub, struct arena *arena)
{
    const struct texts *texts = &sub->request.forward_headers;
    struct slice *patterns = arena_alloc(arena, (texts->count + 1) * sizeof *patterns);
    for (size_t i = 0; i < texts->count; i++) {
        char *copy = arena_copy(arena, text_slice(&texts->items[i]));
        lower(copy, texts->items[i].size);
        patterns[i] = (struct slice){copy, texts->items[i].size};
    }
    struct forward forward = {
        .patterns = patterns,
        .count = texts->count,
        .credentials = {SLICE_NONE, keep(arena, &sub->auth.api_key_header)},
        .without_cloudevents = sub->request.body_kind == BODY_CLOUDEVENTS,
    };
    if (header_is_credential(sub, SLICE("Authorization")))
        forward.credentials[0] = SLICE("Authorization");
    return forward;
}

static bool matches(const struct forward *forward, struct slice name)
{
    char copy[NAME_MAX];
    memcpy(copy, name.data, name.size);
    lower(copy, name.size);
    struct slice lowered = {copy, name.size};
    if (forward->without_cloudevents && slice_starts(lowered, SLICE("ce-")))
        return false;
    for (size_t i = 0; i < forward->count; i++)
        if (glob_match(forward->patterns[i], lowered))
            return true;
    return false;
}

static bool goes_on(const struct forward *forward, const struct record_header *header)
{
    struct slice name = header->name;
    return header->value.data && name.size <= NAME_MAX && header_is_name(name) &&
           matches(forward, name) && !header_stays_behind(name) &&
           !slice_equal_nocase(name, forward->credentials[0]) &&
           !slice_equal_nocase(name, forward->credentials[1]);
}

bool forward_render(const struct forward *forward, const struct scope *scope,
                    struct request *request, struct error *err)
{
    const struct record *record = scope->ev->record;
    if (forward->count == 0)
        return true;
    if (record->header_count > HEADERS_MAX)
        return error_set(err, ERROR_RENDER, "forward_headers: the record has more than %d headers",
                         HEADERS_MAX);
    for (size_t i = record->header_count; i > 0 && !request->headers.failed; i--) {
        const struct record_header *header = &record->headers[i - 1];
        if (!goes_on(forward, header) || request_has_header(request, header->name))
            continue;
        buffer_clear(scope->scratch);
        struct value value = value_of_bytes(header->value, scope->scratch);
        request_add_header(request, header->name, value.text);
        if (scope->scratch->failed)
            return error_set(err, ERROR_MEMORY, "no memory for a header");
    }
    return true;
}
