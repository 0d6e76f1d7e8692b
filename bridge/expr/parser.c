#include "expr/parser.h"

#include <stdlib.h>

#include "expr/variable.h"

#define STEPS_MAX 64

/* ── tokens ──────────────────────────────────────────────────────────────── */

bool parser_explain(struct parser *p, const char *at)
{
    p->wrong = true;
    p->wrong_at = at;
    return false;
}

void parser_advance(struct parser *p)
{
    p->end = p->lex.at;
    p->token = jqlex_next(&p->lex);
    if (++p->tokens > PARSER_TOKENS_MAX)
        p->token.kind = JQLEX_BAD;
}

bool parser_at(const struct parser *p, const char *text)
{
    return p->token.kind == JQLEX_OPERATOR && slice_is(p->token.text, text);
}

bool parser_at_name(const struct parser *p, const char *name)
{
    return p->token.kind == JQLEX_NAME && slice_is(p->token.name, name);
}

bool parser_take(struct parser *p, const char *text)
{
    if (!parser_at(p, text))
        return false;
    parser_advance(p);
    return true;
}

bool parser_take_name(struct parser *p, const char *name)
{
    if (!parser_at_name(p, name))
        return false;
    parser_advance(p);
    return true;
}

/* Is the token behind the next one that operator? */
static bool is_followed_by(const struct parser *p, const char *text)
{
    struct jqlex ahead = p->lex;
    struct jqlex_token token = jqlex_next(&ahead);
    return token.kind == JQLEX_OPERATOR && slice_is(token.text, text);
}

struct node *parser_node(struct parser *p, enum node_kind kind, const char *start)
{
    struct node *node = arena_alloc(p->arena, sizeof *node);
    node->kind = kind;
    node->text = (struct slice){start, (size_t)(p->end - start)};
    return node;
}

/* ── constants ───────────────────────────────────────────────────────────── */

static bool is_json(struct slice text)
{
    struct jtext json = {0};
    bool valid = jtext_read(&json, text, NULL);
    jtext_finish(&json);
    return valid;
}

/* The half of a surrogate pair at a backslash: 0, 1 or 2 for the high and the low one. */
static int surrogate_half(struct slice text)
{
    if (text.size < 6 || text.data[1] != 'u' || (text.data[2] | 0x20) != 'd')
        return 0;
    char next = (char)(text.data[3] | 0x20);
    if (text.data[3] == '8' || text.data[3] == '9' || next == 'a' || next == 'b')
        return 1;
    return next >= 'c' && next <= 'f' ? 2 : 0;
}

/* Half a pair is a mistake to jq, where it is written in a program. */
static bool has_half_pair(struct slice text)
{
    while (text.size > 1) {
        int half = *text.data == '\\' ? surrogate_half(text) : 0;
        if (half == 2 || (half == 1 && surrogate_half(slice_from(text, 6)) != 2))
            return true;
        size_t size = half ? 12 : *text.data == '\\' ? 2 : 1;
        text = slice_from(text, size);
    }
    return false;
}

bool parser_at_word(const struct parser *p)
{
    return parser_at_name(p, "null") || parser_at_name(p, "true") || parser_at_name(p, "false");
}

bool parser_take_constant(struct parser *p, struct slice *constant)
{
    const char *start = p->token.text.data;
    if (p->token.kind == JQLEX_STRING && has_half_pair(p->token.text))
        return false;
    if (p->token.kind != JQLEX_STRING && !parser_at_word(p)) {
        bool negative = parser_take(p, "-");
        if (p->token.kind != JQLEX_NUMBER || (negative && p->token.text.data != start + 1))
            return false;
    }
    parser_advance(p);
    *constant = (struct slice){start, (size_t)(p->end - start)};
    return is_json(*constant);
}

static const struct node *constant_node(struct parser *p, struct slice constant)
{
    struct node *node = parser_node(p, NODE_CONSTANT, constant.data);
    node->constant = constant;
    return node;
}

bool parse_constant(struct parser *p, const struct node **node)
{
    struct slice constant;
    if (!parser_take_constant(p, &constant))
        return false;
    *node = constant_node(p, constant);
    return true;
}

bool parse_empty(struct parser *p, const struct node **node)
{
    const char *start = p->token.text.data;
    bool array = *start == '[';
    parser_advance(p);
    if (!parser_take(p, array ? "]" : "}"))
        return false;
    *node = constant_node(p, (struct slice){start, (size_t)(p->end - start)});
    return true;
}

/* ── paths ───────────────────────────────────────────────────────────────── */

struct steps {
    struct path_step items[STEPS_MAX];
    size_t count;
};

static bool add_step(struct steps *steps, struct slice name, long long index)
{
    if (steps->count == STEPS_MAX)
        return false;
    steps->items[steps->count++] = (struct path_step){.name = name, .index = index};
    return true;
}

bool parser_take_string(struct parser *p, struct slice *said)
{
    struct slice constant;
    struct buffer scratch = {0};
    if (p->token.kind != JQLEX_STRING || !parser_take_constant(p, &constant))
        return false;
    struct slice text = jtext_string(constant, &scratch);
    buffer_need(&scratch);
    *said = (struct slice){arena_copy(p->arena, text), text.size};
    buffer_finish(&scratch);
    return true;
}

static bool take_index(struct parser *p, long long *index)
{
    struct slice digits;
    bool plain = true;
    if (!parser_take_constant(p, &digits) || jtext_kind(digits) != JTEXT_NUMBER || digits.size > 10)
        return false;
    for (size_t i = 0; i < digits.size; i++)
        plain =
            plain && (digits.data[i] == '-' || (digits.data[i] >= '0' && digits.data[i] <= '9'));
    *index = strtoll(digits.data, NULL, 10); /* a bracket follows, or a blank */
    return plain;
}

/* At a bracket. */
static bool take_bracket(struct parser *p, struct steps *steps)
{
    struct slice name = SLICE_NONE;
    long long index = 0;
    parser_advance(p);
    bool taken =
        p->token.kind == JQLEX_STRING ? parser_take_string(p, &name) : take_index(p, &index);
    return taken && add_step(steps, name, index) && parser_take(p, "]");
}

/* At a dot that is not the first: before a string or, in newer versions of jq, a bracket. */
static bool take_dot(struct parser *p, struct steps *steps)
{
    size_t dot = (size_t)(p->token.text.data - p->program);
    struct slice name;
    parser_advance(p);
    if (parser_at(p, "[")) {
        p->program[dot] = ' ';
        return true;
    }
    return parser_take_string(p, &name) && add_step(steps, name, 0);
}

static bool take_optional(struct parser *p, struct steps *steps)
{
    parser_advance(p);
    if (steps->count == 0 || steps->items[steps->count - 1].optional)
        return false;
    steps->items[steps->count - 1].optional = true;
    return true;
}

static bool take_steps(struct parser *p, struct steps *steps, bool each)
{
    for (;;) {
        bool taken = true;
        if (p->token.kind == JQLEX_FIELD) {
            taken = add_step(steps, p->token.name, 0);
            parser_advance(p);
        } else if (parser_at(p, ".")) {
            taken = take_dot(p, steps);
        } else if (parser_at(p, "[") && !(each && is_followed_by(p, "]"))) {
            taken = take_bracket(p, steps);
        } else if (parser_at(p, "?")) {
            taken = take_optional(p, steps);
        } else {
            return true;
        }
        if (!taken)
            return false;
    }
}

static bool take_root(struct parser *p, struct steps *steps, enum path_root *root)
{
    *root = ROOT_VALUE;
    if (p->token.kind == JQLEX_FIELD)
        return true;
    if (p->token.kind == JQLEX_VARIABLE) {
        if (!variable_named(p->token.name, root))
            return false;
        parser_advance(p);
        return true;
    }
    parser_advance(p); /* the dot */
    struct slice name;
    return p->token.kind != JQLEX_STRING ||
           (parser_take_string(p, &name) && add_step(steps, name, 0));
}

bool parse_path(struct parser *p, const struct node **node, bool each)
{
    struct steps steps = {.count = 0};
    const char *start = p->token.text.data;
    enum path_root root;
    if (!take_root(p, &steps, &root))
        return false;
    if (!take_steps(p, &steps, each))
        return false;
    struct node *path = parser_node(p, NODE_PATH, start);
    if (steps.count > 0 && root != ROOT_VALUE && root != ROOT_HEADERS) {
        error_set(p->err, ERROR_INPUT, "nothing is within $%s", variable_names[root - 1]);
        return parser_explain(p, start);
    }
    struct path_step *copy = arena_alloc(p->arena, steps.count * sizeof *copy);
    memcpy(copy, steps.items, steps.count * sizeof *copy);
    path->path = (struct path){root, copy, steps.count, path->text};
    *node = path;
    return true;
}
