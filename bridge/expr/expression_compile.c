#include "expr/expression.h"

#include <errno.h>
#include <stdlib.h>

/* One expression has no more than this; it keeps the parser's memory on the stack. */
#define STEPS_MAX 64
#define TERMS_MAX 32

struct parser {
    const char *at;
    const char *end;
    struct arena *arena;
    struct error *err;
    bool explained; /* err says what is wrong; else it is more than is supported */
    struct path_step steps[STEPS_MAX];
    size_t step_count;
    struct expression_term terms[TERMS_MAX];
    size_t term_count;
};

static bool explain(struct parser *p, const char *what, struct slice about)
{
    p->explained = true;
    return error_set(p->err, ERROR_INPUT, "%s%.*s", what, SLICE_ARGS(about));
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

static char peek(const struct parser *p)
{
    return p->at < p->end ? *p->at : '\0';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct slice take_name(struct parser *p)
{
    const char *start = p->at;
    while (is_letter(peek(p)) || is_digit(peek(p)))
        p->at++;
    return (struct slice){start, (size_t)(p->at - start)};
}

/* A JSON string with its quotes; jq's interpolation "\(…)" is none. */
static bool take_string(struct parser *p, struct slice *string)
{
    const char *start = p->at++;
    while (p->at < p->end && *p->at != '"')
        p->at += *p->at == '\\' && p->end - p->at > 1 ? 2 : 1;
    if (p->at == p->end)
        return explain(p, "a string without its closing quote", SLICE(""));
    p->at++;
    *string = (struct slice){start, (size_t)(p->at - start)};
    struct jtext json = {0};
    bool valid = jtext_read(&json, *string, NULL);
    jtext_finish(&json);
    return valid;
}

static struct slice keep(struct parser *p, struct slice text)
{
    return (struct slice){arena_copy(p->arena, text), text.size};
}

static struct path_step *add_step(struct parser *p)
{
    if (p->step_count == STEPS_MAX)
        return NULL;
    p->steps[p->step_count] = (struct path_step){.name = SLICE_NONE};
    return &p->steps[p->step_count++];
}

static bool add_name(struct parser *p, struct slice name)
{
    struct path_step *step = add_step(p);
    if (!step)
        return explain(p, "more steps than a path may have", SLICE(""));
    step->name = keep(p, name);
    return true;
}

/* At a quote. */
static bool parse_quoted_name(struct parser *p)
{
    struct slice string = SLICE_NONE;
    if (!take_string(p, &string))
        return false;
    struct buffer scratch = {0};
    bool added = add_name(p, jtext_string(string, &scratch));
    buffer_finish(&scratch);
    return added;
}

static bool parse_index(struct parser *p)
{
    char digits[24];
    size_t size = 0;
    while (size < sizeof digits - 1 && (is_digit(peek(p)) || (size == 0 && peek(p) == '-')))
        digits[size++] = *p->at++;
    digits[size] = '\0';
    char *stop;
    errno = 0;
    long long index = strtoll(digits, &stop, 10);
    if (size == 0 || stop == digits || errno)
        return false;
    struct path_step *step = add_step(p);
    if (!step)
        return explain(p, "more steps than a path may have", SLICE(""));
    step->index = index;
    return true;
}

/* At a bracket. */
static bool parse_bracket(struct parser *p)
{
    p->at++;
    skip_space(p);
    bool parsed = peek(p) == '"' ? parse_quoted_name(p) : parse_index(p);
    if (!parsed)
        return false;
    skip_space(p);
    if (peek(p) != ']')
        return false;
    p->at++;
    return true;
}

/* Behind a dot. */
static bool parse_field(struct parser *p)
{
    if (peek(p) == '"')
        return parse_quoted_name(p);
    if (peek(p) == '[')
        return parse_bracket(p);
    struct slice name = take_name(p);
    if (name.size == 0 || is_digit(*name.data))
        return false;
    return add_name(p, name);
}

/* A `?` covers its step and those before it. */
static bool parse_optional(struct parser *p)
{
    p->at++;
    for (size_t i = 0; i < p->step_count; i++)
        p->steps[i].optional = true;
    return true;
}

/* At what may be a step. `done`: it is none. */
static bool parse_step(struct parser *p, bool *done)
{
    skip_space(p);
    switch (peek(p)) {
    case '.':
        p->at++;
        return parse_field(p);
    case '[':
        return parse_bracket(p);
    case '?':
        return parse_optional(p);
    default:
        *done = true;
        return true;
    }
}

static bool parse_steps(struct parser *p)
{
    bool done = false;
    while (!done)
        if (!parse_step(p, &done))
            return false;
    return true;
}

/* At a dot: alone it is the whole value. */
static bool parse_dot(struct parser *p)
{
    const char *dot = p->at++;
    if (is_letter(peek(p)) || peek(p) == '"')
        p->at = dot;
    else if (peek(p) == '.')
        return false;
    return parse_steps(p);
}

/* At a dollar. */
static bool parse_variable(struct parser *p, enum path_root *root)
{
    const char *start = p->at++;
    struct slice name = take_name(p);
    name = (struct slice){start, name.size + 1};
    if (!path_root_named(name, root))
        return explain(p,
                       "there are the variables $key $topic $partition $offset $timestamp $id "
                       "$type $headers, but no ",
                       name);
    if (!parse_steps(p))
        return false;
    if (p->step_count && *root != ROOT_HEADERS)
        return explain(p, "nothing is within ", name);
    return true;
}

static bool parse_path(struct parser *p, struct expression_term *term)
{
    const char *start = p->at;
    struct path *path = &term->path;
    p->step_count = 0;
    path->root = ROOT_VALUE;
    if (!(*p->at == '$' ? parse_variable(p, &path->root) : parse_dot(p)))
        return false;
    const char *stop = p->at;
    while (stop > start &&
           (stop[-1] == ' ' || stop[-1] == '\t' || stop[-1] == '\n' || stop[-1] == '\r'))
        stop--;
    path->text = keep(p, (struct slice){start, (size_t)(stop - start)});
    struct path_step *steps = arena_alloc(p->arena, p->step_count * sizeof *steps);
    memcpy(steps, p->steps, p->step_count * sizeof *steps);
    path->steps = steps;
    path->step_count = p->step_count;
    return true;
}

/* A JSON scalar. */
static bool parse_constant(struct parser *p, struct expression_term *term)
{
    struct slice text = SLICE_NONE;
    if (peek(p) == '"') {
        if (!take_string(p, &text))
            return false;
        term->constant = keep(p, text);
        return true;
    }
    const char *start = p->at;
    while (is_letter(peek(p)) || is_digit(peek(p)) || (peek(p) && strchr("+-.", peek(p))))
        p->at++;
    text = (struct slice){start, (size_t)(p->at - start)};
    struct jtext json = {0};
    bool valid = jtext_read(&json, text, NULL);
    jtext_finish(&json);
    term->constant = keep(p, text);
    return valid;
}

static bool parse_term(struct parser *p)
{
    if (p->term_count == TERMS_MAX)
        return explain(p, "more alternatives than an expression may have", SLICE(""));
    struct expression_term *term = &p->terms[p->term_count++];
    *term = (struct expression_term){.constant = SLICE_NONE};
    skip_space(p);
    if (peek(p) == '.' || peek(p) == '$')
        return parse_path(p, term);
    return parse_constant(p, term);
}

static bool parse_terms(struct parser *p)
{
    for (;;) {
        if (!parse_term(p))
            return false;
        skip_space(p);
        if (p->at == p->end)
            return true;
        if (p->end - p->at < 2 || p->at[0] != '/' || p->at[1] != '/')
            return false;
        p->at += 2;
    }
}

bool expression_compile(struct slice text, struct arena *arena, struct expression *expression,
                        struct error *err)
{
    struct parser p = {.at = text.data, .end = text.data + text.size, .arena = arena, .err = err};
    skip_space(&p);
    if (p.at == p.end)
        return error_set(err, ERROR_INPUT, "an expression with nothing in it");
    if (!parse_terms(&p)) {
        if (!p.explained)
            error_set(err, ERROR_INPUT, "only paths, variables and // defaults are supported yet");
        return false;
    }
    struct expression_term *terms = arena_alloc(arena, p.term_count * sizeof *terms);
    memcpy(terms, p.terms, p.term_count * sizeof *terms);
    *expression = (struct expression){terms, p.term_count};
    return true;
}
