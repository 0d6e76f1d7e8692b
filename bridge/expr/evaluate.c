#include "expr/evaluation.h"
#include "expr/variable.h"

/* `.`, which may lie in the scratch that evaluation adds to. A pointer to none is the event's. */
struct dot {
    struct value value;
    struct kept_slice text;
};

static enum evaluated evaluate(const struct evaluation *e, const struct node *node,
                               const struct dot *dot, struct value *value);

static struct dot dot_of(const struct evaluation *e, const struct value *value)
{
    return (struct dot){*value, slice_keep(value->text, e->scope->scratch)};
}

static struct value dot_value(const struct evaluation *e, const struct dot *dot)
{
    struct value value = value_missing();
    if (!dot && e->scope->ev->form == EVENT_JSON)
        return value_token(&e->scope->ev->json, JTEXT_ROOT);
    if (!dot && !variable_value(ROOT_VALUE, e->scope, &value, NULL))
        return value_missing();
    if (!dot)
        return value;
    value = dot->value;
    value.text = slice_kept(&dot->text, e->scope->scratch);
    return value;
}

/* ── operators ───────────────────────────────────────────────────────────── */

static enum evaluated evaluate_pipe(const struct evaluation *e, const struct node *node,
                                    const struct dot *dot, struct value *value)
{
    struct value left;
    enum evaluated how = evaluate(e, node->a, dot, &left);
    if (how != EVALUATED)
        return how;
    struct dot inner = dot_of(e, &left);
    return evaluate(e, node->b, &inner, value);
}

static enum evaluated evaluate_alternative(const struct evaluation *e, const struct node *node,
                                           const struct dot *dot, struct value *value)
{
    enum evaluated how = evaluate(e, node->a, dot, value);
    bool found = how == EVALUATED && !value_is_false(value);
    if (found || how == EVALUATED_FAILED || how == EVALUATED_UNDECIDED)
        return how;
    return evaluate(e, node->b, dot, value);
}

/* and, or: the first operand that decides. */
static enum evaluated evaluate_logic(const struct evaluation *e, const struct node *node,
                                     const struct dot *dot, struct value *value)
{
    bool decides = node->kind == NODE_OR;
    enum evaluated how = evaluate(e, node->a, dot, value);
    if (how != EVALUATED)
        return how;
    if (!value_is_false(value) != decides) {
        how = evaluate(e, node->b, dot, value);
        if (how != EVALUATED)
            return how;
    }
    *value = value_bool(!value_is_false(value));
    return EVALUATED;
}

static bool is_so(enum comparison comparison, int order)
{
    switch (comparison) {
    case COMPARE_EQ:
        return order == 0;
    case COMPARE_NE:
        return order != 0;
    case COMPARE_LT:
        return order < 0;
    case COMPARE_LE:
        return order <= 0;
    case COMPARE_GT:
        return order > 0;
    case COMPARE_GE:
        break;
    }
    return order >= 0;
}

/* jq evaluates the right operand first: of two errors that is the one. */
static enum evaluated evaluate_compare(const struct evaluation *e, const struct node *node,
                                       const struct dot *dot, struct value *value)
{
    struct value left;
    struct value right;
    int order = 0;
    enum evaluated how = evaluate(e, node->b, dot, &right);
    if (how != EVALUATED)
        return how;
    struct dot kept = dot_of(e, &right);
    how = evaluate(e, node->a, dot, &left);
    if (how != EVALUATED)
        return how;
    right = dot_value(e, &kept);
    if (!value_compare(&left, &right, e->scope->scratch, &order))
        return EVALUATED_UNDECIDED;
    *value = value_bool(is_so(node->comparison, order));
    return EVALUATED;
}

static enum evaluated evaluate_if(const struct evaluation *e, const struct node *node,
                                  const struct dot *dot, struct value *value)
{
    enum evaluated how = evaluate(e, node->a, dot, value);
    if (how != EVALUATED)
        return how;
    return evaluate(e, value_is_false(value) ? node->c : node->b, dot, value);
}

/* ── any, all ────────────────────────────────────────────────────────────── */

/* Of one element; `value` true: it decides. */
static enum evaluated try_element(const struct evaluation *e, const struct node *node,
                                  uint32_t token, bool *decides)
{
    struct buffer *scratch = e->scope->scratch;
    size_t used = scratch->size;
    struct value element = value_token(&e->scope->ev->json, token);
    struct dot dot = dot_of(e, &element);
    struct value value = element;
    enum evaluated how = node->b ? evaluate(e, node->b, &dot, &value) : EVALUATED;
    *decides = value_is_false(&value) == (node->kind == NODE_ALL);
    scratch->size = used; /* nothing of it is needed any more */
    return how == EVALUATED_NOTHING ? EVALUATED_UNDECIDED : how;
}

/* What is gone through: its array, or in `value` what is true of none. */
static enum evaluated find_elements(const struct evaluation *e, const struct node *node,
                                    const struct dot *dot, uint32_t *array, struct value *value)
{
    struct value of = node->a ? value_missing() : dot_value(e, dot);
    enum evaluated how = node->a ? evaluate(e, node->a, dot, &of) : EVALUATED;
    enum jtext_kind kind = value_kind_of(&of);
    bool goes = kind == JTEXT_ARRAY || kind == JTEXT_OBJECT;
    *array = JTEXT_NOTHING;
    *value = value_bool(node->kind == NODE_ALL);
    if (how == EVALUATED_NOTHING || (how == EVALUATED && !goes && node->optional))
        return EVALUATED;
    if (how != EVALUATED)
        return how;
    if (!goes)
        return evaluation_fail(e, node, "it can only go through an array or object");
    if (kind == JTEXT_OBJECT || of.token == 0)
        return EVALUATED_UNDECIDED; /* jq goes through an object in an order of its own */
    *array = of.token - 1;
    return EVALUATED;
}

static enum evaluated evaluate_any(const struct evaluation *e, const struct node *node,
                                   const struct dot *dot, struct value *value)
{
    const struct jtext *json = &e->scope->ev->json;
    uint32_t array;
    bool decided = false;
    enum evaluated how = find_elements(e, node, dot, &array, value);
    if (how != EVALUATED || array == JTEXT_NOTHING)
        return how;
    uint32_t i = array + 1;
    for (; !decided && i < json->tokens[array].next; i = json->tokens[i].next) {
        how = try_element(e, node, i, &decided);
        if (how != EVALUATED)
            return how;
    }
    *value = value_bool((node->kind == NODE_ALL) != decided);
    return EVALUATED;
}

/* ── dispatch ────────────────────────────────────────────────────────────── */

static enum evaluated evaluate_with_argument(const struct evaluation *e, const struct node *node,
                                             const struct dot *dot, struct value *value)
{
    struct value argument;
    enum evaluated how = evaluate(e, node->a, dot, &argument);
    if (how != EVALUATED)
        return how;
    struct dot kept = dot_of(e, &argument);
    struct value of = dot_value(e, dot);
    argument = dot_value(e, &kept);
    return function_with(e, node, &of, &argument, value);
}

static enum evaluated evaluate_without(const struct evaluation *e, const struct node *node,
                                       const struct dot *dot, struct value *value)
{
    struct value of = dot_value(e, dot);
    return function_of(e, node, &of, value);
}

static enum evaluated evaluate_path(const struct evaluation *e, const struct node *node,
                                    const struct dot *dot, struct value *value)
{
    if (!dot)
        return path_find(&node->path, NULL, e->scope, value, e->err);
    struct value from = dot_value(e, dot);
    return path_find(&node->path, &from, e->scope, value, e->err);
}

static enum evaluated evaluate(const struct evaluation *e, const struct node *node,
                               const struct dot *dot, struct value *value)
{
    switch (node->kind) {
    case NODE_CONSTANT:
        *value = value_json(node->constant);
        return EVALUATED;
    case NODE_PATH:
        return evaluate_path(e, node, dot, value);
    case NODE_PIPE:
        return evaluate_pipe(e, node, dot, value);
    case NODE_ALTERNATIVE:
        return evaluate_alternative(e, node, dot, value);
    case NODE_AND:
    case NODE_OR:
        return evaluate_logic(e, node, dot, value);
    case NODE_COMPARE:
        return evaluate_compare(e, node, dot, value);
    case NODE_IF:
        return evaluate_if(e, node, dot, value);
    case NODE_STARTSWITH:
    case NODE_ENDSWITH:
    case NODE_CONTAINS:
    case NODE_HAS:
    case NODE_SELECT:
        return evaluate_with_argument(e, node, dot, value);
    case NODE_ANY:
    case NODE_ALL:
        return evaluate_any(e, node, dot, value);
    default:
        return evaluate_without(e, node, dot, value);
    }
}

enum evaluated node_evaluate(const struct node *node, const struct scope *scope,
                             struct value *value, struct error *err)
{
    const struct evaluation e = {scope, err};
    return evaluate(&e, node, NULL, value);
}
