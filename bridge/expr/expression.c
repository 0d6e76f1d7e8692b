#include "expr/expression.h"

#include "expr/node.h"
#include "expr/variable.h"
#include "jq/jq.h"
#include "jq/program.h"

static const struct jq_variables variables = {variable_names, VARIABLE_COUNT};

/* ── compile ─────────────────────────────────────────────────────────────── */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct slice trim(struct slice text)
{
    while (text.size > 0 && is_blank(*text.data))
        text = slice_from(text, 1);
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* Those that a program may name, for jq's own check. */
static void add_variables(struct buffer *out)
{
    for (size_t i = 0; i < VARIABLE_COUNT; i++)
        buffer_print(out, "%s\"%s\":null", i ? "," : "{", variable_names[i]);
    buffer_add_char(out, '}');
}

/* jq knows no more of a variable than that it isn't there. */
static void name_variables(struct error *err)
{
    static const char undefined[] = " is not defined";
    const char *end = strstr(err->text, undefined);
    struct error said = *err;
    if (strncmp(err->text, "jq: $", 5) != 0 || !end)
        return;
    error_set(err, ERROR_INPUT,
              "there are the variables $key $topic $partition $offset $timestamp $id $type "
              "$headers, but no %.*s",
              (int)(end - err->text) - 4, said.text + 4);
}

static bool check(struct slice text, struct jq *jq, size_t *offset, struct error *err)
{
    struct buffer given = {0};
    if (!jq)
        return error_set(err, ERROR_INPUT, "only jq can say this, and it isn't there");
    add_variables(&given);
    buffer_need(&given);
    bool fine = jq_check(jq, text, buffer_slice(&given), offset, err);
    buffer_finish(&given);
    if (!fine && err)
        name_variables(err);
    return fine;
}

/* `text` is trimmed and the arena's own. */
static bool compile(char *text, struct arena *arena, struct jq *jq, struct expression *expression,
                    size_t *offset, struct error *err)
{
    struct parsed parsed;
    size_t size = expression->text.size;
    struct slice program = {text, size};
    if (!jq_program_scan(program, &variables, &expression->variables, offset, err) ||
        !node_parse(text, size, arena, &parsed, offset, err))
        return false;
    if (!parsed.root && !check(program, jq, offset, err))
        return false;
    expression->root = parsed.root;
    if (!parsed.root || parsed.undecided)
        expression->program = jq_program_wrap(program, &variables, expression->variables, arena);
    return true;
}

bool expression_compile(struct slice text, struct arena *arena, struct jq *jq,
                        struct expression *expression, size_t *offset, struct error *err)
{
    struct slice trimmed = trim(text);
    *expression = (struct expression){.text = trimmed};
    *offset = 0;
    if (trimmed.size == 0)
        return error_set(err, ERROR_INPUT, "an expression with nothing in it");
    char *copy = arena_copy(arena, trimmed);
    expression->text.data = copy;
    bool compiled = compile(copy, arena, jq, expression, offset, err);
    *offset += (size_t)(trimmed.data - text.data);
    return compiled;
}

bool expression_is_constant(const struct expression *expression)
{
    return expression->root && expression->root->kind == NODE_CONSTANT;
}

bool expression_uses(const struct expression *expression, enum path_root root)
{
    return root != ROOT_VALUE && expression->variables >> (root - 1) & 1;
}

/* ── evaluate ────────────────────────────────────────────────────────────── */

static bool add_root(enum path_root root, const struct scope *scope, struct buffer *out,
                     struct error *err)
{
    struct value value;
    if (root == ROOT_VALUE && scope->ev->form == EVENT_JSON) {
        buffer_add_slice(out, jtext_value(&scope->ev->json, JTEXT_ROOT));
        return true;
    }
    buffer_clear(scope->scratch);
    if (!variable_value(root, scope, &value, err))
        return false;
    value_add_json(&value, out);
    return !scope->scratch->failed || error_set(err, ERROR_MEMORY, "no memory for the value");
}

/* As jq_program_wrap has it. */
static bool add_input(const struct expression *expression, const struct scope *scope,
                      struct buffer *out, struct error *err)
{
    if (expression->variables == 0)
        return add_root(ROOT_VALUE, scope, out, err);
    buffer_add_char(out, '[');
    if (!add_root(ROOT_VALUE, scope, out, err))
        return false;
    for (unsigned i = 0; i < VARIABLE_COUNT; i++) {
        if (!(expression->variables >> i & 1))
            continue;
        buffer_add_char(out, ',');
        if (!add_root((enum path_root)(i + 1), scope, out, err))
            return false;
    }
    buffer_add_char(out, ']');
    return true;
}

/* The result stands in the scope's scratch, alone. */
static bool ask_jq(const struct expression *expression, const struct scope *scope,
                   enum jq_wanted wanted, bool *empty, struct error *err)
{
    const struct jq_call call = {expression->program, wanted,
                                 scope->most ? scope->most : VALUE_BYTES_MAX};
    if (!scope->jq)
        return error_set(err, ERROR_SYSTEM, "jq isn't there to be asked");
    if (!add_input(expression, scope, jq_input(scope->jq), err))
        return false;
    buffer_clear(scope->scratch);
    return jq_run(scope->jq, &call, scope->scratch, empty, err);
}

/* Here, if that can be; else `how` is undecided. */
static enum evaluated evaluate(const struct expression *expression, const struct scope *scope,
                               struct value *value, struct error *err)
{
    buffer_clear(scope->scratch);
    if (!expression->root)
        return EVALUATED_UNDECIDED;
    enum evaluated how = node_evaluate(expression->root, scope, value, err);
    if (!scope->scratch->failed)
        return how;
    error_set(err, ERROR_MEMORY, "no memory for the value");
    return EVALUATED_FAILED;
}

/* What the last alternative asked for in vain. */
static bool is_missing(const struct expression *expression, struct error *err)
{
    const struct node *node = expression->root;
    while (node && node->kind == NODE_ALTERNATIVE)
        node = node->b;
    if (node && node->kind == NODE_PATH)
        return error_set(err, ERROR_RENDER, "missing field %.*s", SLICE_ARGS(node->text));
    return error_set(err, ERROR_RENDER, "no result of %.*s", SLICE_ARGS(expression->text));
}

/* What jq has made stands in scratch, alone. A string is unescaped now, where there is room for it:
 * later, what is added might move what it is read from. */
static bool take_made(struct buffer *scratch, struct value *value, struct error *err)
{
    if (!buffer_reserve(scratch, scratch->size))
        return error_set(err, ERROR_MEMORY, "no memory for the value");
    struct slice text = buffer_slice(scratch);
    *value = jtext_kind(text) == JTEXT_STRING ? value_text(jtext_string(text, scratch))
                                              : value_json(text);
    return true;
}

bool expression_value(const struct expression *expression, const struct scope *scope,
                      struct value *value, struct error *err)
{
    bool empty = false;
    switch (evaluate(expression, scope, value, err)) {
    case EVALUATED:
        return value->kind != VALUE_MISSING || is_missing(expression, err);
    case EVALUATED_NOTHING:
        return is_missing(expression, err);
    case EVALUATED_FAILED:
        return false;
    case EVALUATED_UNDECIDED:
        break;
    }
    if (!ask_jq(expression, scope, JQ_WANTED_RESULT, &empty, err))
        return false;
    return empty ? is_missing(expression, err) : take_made(scope->scratch, value, err);
}

static enum truth truth_of(const struct value *value)
{
    switch (value_kind_of(value)) {
    case JTEXT_NULL:
        return TRUTH_NULL;
    case JTEXT_FALSE:
        return TRUTH_NO;
    default:
        return TRUTH_YES;
    }
}

bool expression_truth(const struct expression *expression, const struct scope *scope,
                      enum truth *truth, struct error *err)
{
    struct value value;
    bool empty = false;
    *truth = TRUTH_NONE;
    switch (evaluate(expression, scope, &value, err)) {
    case EVALUATED:
        *truth = truth_of(&value);
        return true;
    case EVALUATED_NOTHING:
        return true;
    case EVALUATED_FAILED:
        return false;
    case EVALUATED_UNDECIDED:
        break;
    }
    if (!ask_jq(expression, scope, JQ_WANTED_TRUTH, &empty, err))
        return false;
    value = value_json(buffer_slice(scope->scratch));
    *truth = empty ? TRUTH_NONE : truth_of(&value);
    return true;
}
