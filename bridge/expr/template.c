#include "expr/template.h"

#include <stdlib.h>

#include "base/jqlex.h"
#include "base/memory.h"

static const char *find_open(const char *at, const char *end)
{
    return at < end ? memmem(at, (size_t)(end - at), "{{", 2) : NULL;
}

void template_add_literal(struct template_builder *builder, struct slice text)
{
    buffer_add_slice(&builder->literal, text);
}

void template_add_name(struct template_builder *builder, const struct text *name,
                       enum encoding encoding, const char *where)
{
    if (find_open(name->data, name->data + name->size))
        problems_add(builder->problems, name->at,
                     "%s: a name can't hold an expression; body: { jq: … } can make one", where);
    encode_add(&builder->literal, encoding, text_slice(name));
}

static struct template_part *add_part(struct template_builder *builder)
{
    if (builder->count == builder->capacity) {
        size_t capacity = builder->capacity ? builder->capacity * 2 : 8;
        builder->parts = memory_need(realloc(builder->parts, capacity * sizeof *builder->parts));
        builder->capacity = capacity;
    }
    struct template_part *part = &builder->parts[builder->count++];
    *part = (struct template_part){.literal = SLICE_NONE};
    return part;
}

static void flush_literal(struct template_builder *builder)
{
    buffer_need(&builder->literal);
    struct slice literal = buffer_slice(&builder->literal);
    if (literal.size == 0)
        return;
    add_part(builder)->literal = (struct slice){arena_copy(builder->arena, literal), literal.size};
    buffer_clear(&builder->literal);
}

static void add_value(struct buffer *out, enum encoding encoding, const struct value *value,
                      struct buffer *scratch)
{
    if (encoding == ENCODE_JSON)
        value_add_json(value, out);
    else
        encode_add(out, encoding, value_as_text(value, scratch));
}

static void add_constant(struct template_builder *builder, const struct expression *expression,
                         enum encoding encoding)
{
    struct buffer scratch = {0};
    struct scope scope = {.scratch = &scratch};
    struct value value;
    if (expression_value(expression, &scope, &value, NULL))
        add_value(&builder->literal, encoding, &value, &scratch);
    buffer_need(&scratch);
    buffer_finish(&scratch);
}

/* One of {{{ }}}: what stands between `{{` and `}}` has one more pair of braces around it. */
static bool takes_segments(struct slice inside, const struct template_style *style)
{
    return style->values == ENCODE_SEGMENT && inside.size > 1 && inside.data[0] == '{' &&
           inside.data[inside.size - 1] == '}';
}

/* `text` is all of `whole`, or stands between braces there, and is then shown. */
static void add_mistake(struct problems *problems, const char *where, struct slice text,
                        size_t offset, const struct text *whole, const char *what)
{
    struct place at = text_place(whole, (size_t)(text.data - whole->data) + offset);
    if (text_holds_secret(whole, text))
        problems_add(problems, at, "%s: an expression with a secret in it is wrong", where);
    else if (text.size < whole->size)
        problems_add(problems, at, "%s: %s: {{%.*s}}", where, what, SLICE_ARGS(text));
    else
        problems_add(problems, at, "%s: %s", where, what);
}

static void add_expression(struct template_builder *builder, struct slice text,
                           const struct text *whole, const struct template_style *style)
{
    struct expression expression;
    struct error err;
    size_t offset = 0;
    if (!expression_compile(text, builder->arena, builder->jq, &expression, &offset, &err)) {
        add_mistake(builder->problems, style->where, text, offset, whole, err.text);
        return;
    }
    if (expression_is_constant(&expression)) {
        add_constant(builder, &expression, style->values);
        return;
    }
    flush_literal(builder);
    struct template_part *part = add_part(builder);
    part->expression = expression;
    part->encoding = style->values;
    part->where = style->where;
}

void template_add_text(struct template_builder *builder, const struct text *text,
                       const struct template_style *style)
{
    if (text->size == 0)
        return;
    const char *at = text->data;
    const char *end = at + text->size;
    const char *open = find_open(at, end);
    while (open) {
        encode_add(&builder->literal, style->literals, (struct slice){at, (size_t)(open - at)});
        const char *start = open + 2;
        const char *close = jqlex_close(start, end);
        if (!close) {
            problems_add(builder->problems, text_place(text, (size_t)(open - text->data)),
                         "%s: {{ without its }}", style->where);
            return;
        }
        struct slice inside = {start, (size_t)(close - start)};
        struct template_style own = *style;
        if (takes_segments(inside, style)) {
            inside = (struct slice){inside.data + 1, inside.size - 2};
            own.values = ENCODE_PATH;
        }
        add_expression(builder, inside, text, &own);
        at = close + 2;
        open = find_open(at, end);
    }
    encode_add(&builder->literal, style->literals, (struct slice){at, (size_t)(end - at)});
}

void template_add_program(struct template_builder *builder, const struct text *text,
                          const struct template_style *style)
{
    add_expression(builder, text_slice(text), text, style);
}

struct template template_build(struct template_builder *builder)
{
    flush_literal(builder);
    struct template template = {NULL, builder->count};
    if (builder->count) {
        struct template_part *parts = arena_alloc(builder->arena, builder->count * sizeof *parts);
        memcpy(parts, builder->parts, builder->count * sizeof *parts);
        template.parts = parts;
    }
    free(builder->parts);
    buffer_finish(&builder->literal);
    *builder = (struct template_builder){
        .arena = builder->arena, .problems = builder->problems, .jq = builder->jq};
    return template;
}

bool template_outline(struct slice text, char mark, struct buffer *out)
{
    if (text.size == 0)
        return true;
    const char *at = text.data;
    const char *end = at + text.size;
    const char *open = find_open(at, end);
    while (open) {
        const char *close = jqlex_close(open + 2, end);
        if (!close)
            return false;
        buffer_add(out, at, (size_t)(open - at));
        buffer_add_char(out, mark);
        at = close + 2;
        open = find_open(at, end);
    }
    buffer_add(out, at, (size_t)(end - at));
    return true;
}

bool template_is_one_expression(struct slice text)
{
    if (!slice_starts(text, SLICE("{{")))
        return false;
    const char *end = text.data + text.size;
    return jqlex_close(text.data + 2, end) == end - 2;
}

bool template_is_constant(const struct template *template)
{
    for (size_t i = 0; i < template->count; i++)
        if (!template->parts[i].literal.data)
            return false;
    return true;
}

bool template_uses(const struct template *template, enum path_root root)
{
    for (size_t i = 0; i < template->count; i++)
        if (!template->parts[i].literal.data &&
            expression_uses(&template->parts[i].expression, root))
            return true;
    return false;
}

bool template_value(const struct template *template, const struct scope *scope, struct value *value,
                    struct error *err)
{
    const struct template_part *part = &template->parts[0];
    return expression_value(&part->expression, scope, value, err) ||
           error_wrap(err, "%s", part->where);
}

/* Does what part `i` added, nothing, leave a segment of a path empty? A `?` in `out` is a
 * literal's: there the query begins. Of several expressions in a segment the last one tells. */
static bool is_empty_segment(const struct template *template, size_t i, const struct buffer *out)
{
    const struct template_part *next = &template->parts[i + 1];
    bool at_end = i + 1 == template->count;
    if (out->failed || out->size == 0 || out->data[out->size - 1] != '/' ||
        memchr(out->data, '?', out->size))
        return false;
    return at_end || (next->literal.data && strchr("/?", next->literal.data[0]));
}

static bool is_in_path(const struct template_part *part)
{
    return part->encoding == ENCODE_SEGMENT || part->encoding == ENCODE_PATH;
}

bool template_render(const struct template *template, const struct scope *scope, struct buffer *out,
                     struct error *err)
{
    for (size_t i = 0; i < template->count; i++) {
        const struct template_part *part = &template->parts[i];
        struct value value;
        if (part->literal.data) {
            buffer_add_slice(out, part->literal);
            continue;
        }
        if (!expression_value(&part->expression, scope, &value, err))
            return error_wrap(err, "%s", part->where);
        size_t before = out->size;
        add_value(out, part->encoding, &value, scope->scratch);
        if (scope->scratch->failed)
            return error_set(err, ERROR_MEMORY, "%s: no memory for the value", part->where);
        if (is_in_path(part) && out->size == before && is_empty_segment(template, i, out))
            return error_set(err, ERROR_RENDER, "%s: an empty value leaves a path segment empty",
                             part->where);
    }
    return true;
}
