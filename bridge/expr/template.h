/* Text with `{{ … }}` in it, compiled once into literals, which are encoded then, and expressions,
 * which are encoded where they stand. One template may be put together of several texts: a URL and
 * its query, the lines of a header block, a JSON body.
 *
 * `{{ "{{" }}` writes a literal `{{`. Among the segments of a URL, `{{{ … }}}` is an expression
 * whose value may be several of them; none may be left empty by a value. */
#ifndef EXPR_TEMPLATE_H
#define EXPR_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "config/problems.h"
#include "expr/encode.h"
#include "expr/expression.h"

struct template_part {
    struct slice literal; /* data NULL: an expression */
    struct expression expression;
    enum encoding encoding; /* of its value */
    const char *where;      /* "query.Amount": what errors begin with */
};

/* Owner: the arena it was compiled in; immutable, any thread may use it. */
struct template
{
    const struct template_part *parts;
    size_t count;
};

/* One that is being put together. Set the first three; the rest begins as zero. */
struct template_builder {
    struct arena *arena;
    struct problems *problems;
    struct jq *jq; /* for the time of building; NULL: programs that only jq knows are wrong */
    struct buffer literal; /* gathered since the last expression */
    struct template_part *parts;
    size_t count;
    size_t capacity;
};

/* How a text's own characters and the values in it are written. */
struct template_style {
    enum encoding literals;
    enum encoding values;
    const char *where; /* lives as long as the arena */
};

/* Text as it stands, without expressions. */
void template_add_literal(struct template_builder *builder, struct slice text);

/* A name, which no event chooses: one that holds an expression is a mistake. */
void template_add_name(struct template_builder *builder, const struct text *name,
                       enum encoding encoding, const char *where);

/* A text with expressions; each mistake in it is added to the problems. */
void template_add_text(struct template_builder *builder, const struct text *text,
                       const struct template_style *style);

/* A program without braces around it, whose result is all there is. */
void template_add_program(struct template_builder *builder, const struct text *text,
                          const struct template_style *style);

/* Ends the building: frees what the builder holds, which may begin the next. */
struct template template_build(struct template_builder *builder);

/* The text with one byte `mark` in the place of each expression, so that what stands around them
 * can be looked at. False: a `{{` without its `}}`. */
bool template_outline(struct slice text, char mark, struct buffer *out) MUST_CHECK;

/* Is the text exactly one `{{ … }}`, with nothing around it? */
bool template_is_one_expression(struct slice text);

/* Does it need no event? */
bool template_is_constant(const struct template *template);
bool template_uses(const struct template *template, enum path_root root);

/* Of a template that is one expression and not constant: what it comes to, as expression_value
 * says. False: the same errors, with the place before it. */
bool template_value(const struct template *template, const struct scope *scope, struct value *value,
                    struct error *err) MUST_CHECK;

/* Adds it behind the end of `out`, which the caller asks whether it failed. False is ERROR_RENDER,
 * with the place before it: "query.Amount: missing field .amount", or what else an expression ends
 * with. */
bool template_render(const struct template *template, const struct scope *scope, struct buffer *out,
                     struct error *err) MUST_CHECK;

#endif
