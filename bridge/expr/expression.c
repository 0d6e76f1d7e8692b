#include "expr/expression.h"

bool expression_is_constant(const struct expression *expression)
{
    for (size_t i = 0; i < expression->term_count; i++)
        if (!expression->terms[i].constant.data)
            return false;
    return true;
}

bool expression_uses(const struct expression *expression, enum path_root root)
{
    for (size_t i = 0; i < expression->term_count; i++)
        if (!expression->terms[i].constant.data && expression->terms[i].path.root == root)
            return true;
    return false;
}

static bool term_value(const struct expression_term *term, const struct scope *scope,
                       struct value *value, struct error *err)
{
    if (!term->constant.data)
        return path_find(&term->path, scope, value, err);
    *value = value_json(term->constant);
    return true;
}

bool expression_value(const struct expression *expression, const struct scope *scope,
                      struct value *value, struct error *err)
{
    size_t last = expression->term_count - 1;
    buffer_clear(scope->scratch);
    for (size_t i = 0; i < last; i++)
        if (term_value(&expression->terms[i], scope, value, NULL) && !value_is_false(value))
            return true;
    const struct expression_term *term = &expression->terms[last];
    if (!term_value(term, scope, value, err))
        return false;
    if (value->kind == VALUE_MISSING)
        return error_set(err, ERROR_RENDER, "missing field %.*s", SLICE_ARGS(term->path.text));
    return true;
}
