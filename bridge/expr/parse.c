#include "expr/parser.h"

#define CHOICES_MAX 64

/* ── functions ───────────────────────────────────────────────────────────── */

static bool parse_pipe(struct parser *p, const struct node **node);

/* Those without arguments, and those with one that is an expression. */
static const struct {
    const char *name;
    enum node_kind kind;
    bool argument;
    bool undecided; /* of arrays and objects */
} functions[] = {
    {"not", NODE_NOT, false, false},
    {"length", NODE_LENGTH, false, true},
    {"type", NODE_TYPE, false, false},
    {"tostring", NODE_TOSTRING, false, true},
    {"ascii_downcase", NODE_DOWNCASE, false, false},
    {"ascii_upcase", NODE_UPCASE, false, false},
    {"startswith", NODE_STARTSWITH, true, false},
    {"endswith", NODE_ENDSWITH, true, false},
    {"contains", NODE_CONTAINS, true, true},
    {"has", NODE_HAS, true, true},
    {"select", NODE_SELECT, true, false},
};

/* Behind `test(`. */
static bool parse_test(struct parser *p, const char *start, const struct node **node)
{
    struct slice pattern;
    struct slice flags = SLICE("");
    const char *at = p->token.text.data;
    if (!parser_take_string(p, &pattern) ||
        (parser_take(p, ";") && !parser_take_string(p, &flags)) || !parser_take(p, ")"))
        return false;
    struct node *test = parser_node(p, NODE_TEST, start);
    test->regex = regex_compile(pattern, flags, p->arena, p->err);
    if (!test->regex)
        return parser_explain(p, at);
    p->undecided = true;
    *node = test;
    return true;
}

/* Behind `IN(`. */
static bool parse_in(struct parser *p, const char *start, const struct node **node)
{
    struct slice choices[CHOICES_MAX];
    size_t count = 0;
    do {
        if (count == CHOICES_MAX || !parser_take_constant(p, &choices[count++]))
            return false;
    } while (parser_take(p, ","));
    if (!parser_take(p, ")"))
        return false;
    struct slice *copy = arena_alloc(p->arena, count * sizeof *copy);
    memcpy(copy, choices, count * sizeof *copy);
    struct node *in = parser_node(p, NODE_IN, start);
    in->choices = copy;
    in->choice_count = count;
    *node = in;
    return true;
}

/* PATH[] or PATH[]? */
static bool take_each(struct parser *p, struct node *any)
{
    bool starts =
        p->token.kind == JQLEX_FIELD || p->token.kind == JQLEX_VARIABLE || parser_at(p, ".");
    if (!starts || !parse_path(p, &any->a, true) || !parser_take(p, "[") || !parser_take(p, "]"))
        return false;
    any->optional = parser_take(p, "?");
    return true;
}

/* Behind `any` or `all`: any, any(CONDITION), any(PATH[]; CONDITION). */
static bool parse_any(struct parser *p, enum node_kind kind, const char *start,
                      const struct node **node)
{
    struct node *any = parser_node(p, kind, start);
    p->undecided = true;
    *node = any;
    if (!parser_take(p, "("))
        return true;
    struct parser before = *p;
    if (!take_each(p, any) || !parser_take(p, ";")) {
        *p = before;
        any->a = NULL;
        any->optional = false;
    }
    bool taken = parse_pipe(p, &any->b) && parser_take(p, ")");
    any->text.size = (size_t)(p->end - start);
    return taken;
}

/* Behind `if` or `elif`. */
static bool parse_if(struct parser *p, const char *start, const struct node **node)
{
    struct node *branch = parser_node(p, NODE_IF, start);
    bool taken =
        parse_pipe(p, &branch->a) && parser_take_name(p, "then") && parse_pipe(p, &branch->b);
    const char *next = p->token.text.data;
    if (taken && parser_take_name(p, "elif"))
        taken = parse_if(p, next, &branch->c);
    else
        taken = taken && parser_take_name(p, "else") && parse_pipe(p, &branch->c) &&
                parser_take_name(p, "end");
    branch->text.size = (size_t)(p->end - start);
    *node = branch;
    return taken;
}

static bool parse_function(struct parser *p, struct slice name, const char *start,
                           const struct node **node)
{
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        const struct node *argument = NULL;
        if (!slice_is(name, functions[i].name))
            continue;
        if (functions[i].argument &&
            !(parser_take(p, "(") && parse_pipe(p, &argument) && parser_take(p, ")")))
            return false;
        struct node *call = parser_node(p, functions[i].kind, start);
        call->a = argument;
        p->undecided = p->undecided || functions[i].undecided;
        *node = call;
        return true;
    }
    return false;
}

static bool parse_named(struct parser *p, const struct node **node)
{
    const char *start = p->token.text.data;
    struct slice name = p->token.name;
    parser_advance(p);
    if (slice_is(name, "if"))
        return parse_if(p, start, node);
    if (slice_is(name, "any"))
        return parse_any(p, NODE_ANY, start, node);
    if (slice_is(name, "all"))
        return parse_any(p, NODE_ALL, start, node);
    if (slice_is(name, "test"))
        return parser_take(p, "(") && parse_test(p, start, node);
    if (slice_is(name, "IN"))
        return parser_take(p, "(") && parse_in(p, start, node);
    return parse_function(p, name, start, node);
}

/* ── operators ───────────────────────────────────────────────────────────── */

static const struct node *join(struct parser *p, enum node_kind kind, const struct node *a,
                               const struct node *b)
{
    struct node *node = parser_node(p, kind, a->text.data);
    node->a = a;
    node->b = b;
    return node;
}

static bool parse_term(struct parser *p, const struct node **node)
{
    switch (p->token.kind) {
    case JQLEX_FIELD:
    case JQLEX_VARIABLE:
        return parse_path(p, node, false);
    case JQLEX_NAME:
        return parser_at_word(p) ? parse_constant(p, node) : parse_named(p, node);
    case JQLEX_OPERATOR:
        break;
    default:
        return parse_constant(p, node);
    }
    if (parser_at(p, "."))
        return parse_path(p, node, false);
    if (parser_at(p, "[") || parser_at(p, "{"))
        return parse_empty(p, node);
    if (parser_take(p, "("))
        return parse_pipe(p, node) && parser_take(p, ")");
    return parse_constant(p, node);
}

static bool take_comparison(struct parser *p, enum comparison *comparison)
{
    static const char *const signs[] = {
        [COMPARE_EQ] = "==", [COMPARE_NE] = "!=", [COMPARE_LT] = "<",
        [COMPARE_LE] = "<=", [COMPARE_GT] = ">",  [COMPARE_GE] = ">=",
    };
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (!parser_take(p, signs[i]))
            continue;
        *comparison = (enum comparison)i;
        return true;
    }
    return false;
}

/* `a == b == c` is none, in jq too. */
static bool parse_compare(struct parser *p, const struct node **node)
{
    enum comparison comparison;
    const struct node *right;
    if (!parse_term(p, node))
        return false;
    if (!take_comparison(p, &comparison))
        return true;
    if (!parse_term(p, &right))
        return false;
    struct node *compare = parser_node(p, NODE_COMPARE, (*node)->text.data);
    compare->a = *node;
    compare->b = right;
    compare->comparison = comparison;
    p->undecided = true;
    *node = compare;
    return true;
}

static bool parse_and(struct parser *p, const struct node **node)
{
    const struct node *right;
    if (!parse_compare(p, node))
        return false;
    while (parser_take_name(p, "and")) {
        if (!parse_compare(p, &right))
            return false;
        *node = join(p, NODE_AND, *node, right);
    }
    return true;
}

static bool parse_or(struct parser *p, const struct node **node)
{
    const struct node *right;
    if (!parse_and(p, node))
        return false;
    while (parser_take_name(p, "or")) {
        if (!parse_and(p, &right))
            return false;
        *node = join(p, NODE_OR, *node, right);
    }
    return true;
}

/* What is constant is decided now. */
static const struct node *join_alternatives(struct parser *p, const struct node *a,
                                            const struct node *b)
{
    if (a->kind != NODE_CONSTANT)
        return join(p, NODE_ALTERNATIVE, a, b);
    struct value left = value_json(a->constant);
    return value_is_false(&left) ? b : a;
}

static bool parse_alternative(struct parser *p, const struct node **node)
{
    const struct node *right;
    if (!parse_or(p, node))
        return false;
    if (!parser_take(p, "//"))
        return true;
    if (!parse_alternative(p, &right))
        return false;
    *node = join_alternatives(p, *node, right);
    return true;
}

static bool parse_pipe(struct parser *p, const struct node **node)
{
    const struct node *right;
    if (!parse_alternative(p, node))
        return false;
    if (!parser_take(p, "|"))
        return true;
    if (!parse_pipe(p, &right))
        return false;
    p->undecided = true;
    *node = join(p, NODE_PIPE, *node, right);
    return true;
}

bool node_parse(char *program, size_t size, struct arena *arena, struct parsed *parsed,
                size_t *offset, struct error *err)
{
    struct parser p = {
        .lex = {.at = program, .end = program + size},
        .program = program,
        .arena = arena,
        .err = err,
    };
    *parsed = (struct parsed){.root = NULL};
    parser_advance(&p);
    const struct node *root = NULL;
    if (parse_pipe(&p, &root) && p.token.kind == JQLEX_END)
        *parsed = (struct parsed){root, p.undecided};
    *offset = p.wrong ? (size_t)(p.wrong_at - program) : 0;
    return !p.wrong;
}
