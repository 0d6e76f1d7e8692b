#include "expr/path.h"

#include "expr/variable.h"

static enum evaluated misfit(const struct path *path, const struct path_step *step,
                             enum jtext_kind kind, struct error *err)
{
    if (step->optional)
        return EVALUATED_NOTHING;
    if (step->name.data)
        error_set(err, ERROR_RENDER, "%.*s: cannot index %s with \"%.*s\"", SLICE_ARGS(path->text),
                  jtext_kind_name(kind), SLICE_ARGS(step->name));
    else
        error_set(err, ERROR_RENDER, "%.*s: cannot index %s with a number", SLICE_ARGS(path->text),
                  jtext_kind_name(kind));
    return EVALUATED_FAILED;
}

static bool step_fits(const struct path_step *step, enum jtext_kind kind)
{
    return kind == (step->name.data ? JTEXT_OBJECT : JTEXT_ARRAY);
}

/* From that value of the event's JSON. */
static enum evaluated walk(const struct path *path, const struct jtext *json, uint32_t at,
                           struct value *value, struct error *err)
{
    for (size_t i = 0; i < path->step_count; i++) {
        const struct path_step *step = &path->steps[i];
        enum jtext_kind kind = jtext_kind(jtext_value(json, at));
        if (kind == JTEXT_NULL)
            break;
        if (!step_fits(step, kind))
            return misfit(path, step, kind, err);
        at = step->name.data ? jtext_member(json, at, step->name)
                             : jtext_element(json, at, step->index);
        if (at == JTEXT_NOTHING) {
            *value = value_missing();
            return EVALUATED;
        }
    }
    *value = value_token(json, at);
    return EVALUATED;
}

/* From a value that has no parts here: those of an object that was made are jq's to find. */
static enum evaluated stay(const struct path *path, const struct value *at, struct value *value,
                           struct error *err)
{
    enum jtext_kind kind = value_kind_of(at);
    *value = *at;
    if (path->step_count == 0 || kind == JTEXT_NULL)
        return EVALUATED;
    if (kind == JTEXT_OBJECT || kind == JTEXT_ARRAY)
        return EVALUATED_UNDECIDED;
    return misfit(path, &path->steps[0], kind, err);
}

/* $headers.NAME without making the object. */
static enum evaluated find_header(const struct path *path, const struct scope *scope,
                                  struct value *value, struct error *err)
{
    struct path rest = *path;
    if (!path->steps[0].name.data)
        return misfit(path, &path->steps[0], JTEXT_OBJECT, err);
    rest.steps++;
    rest.step_count--;
    struct value found = value_missing();
    if (!variable_header(scope, path->steps[0].name, &found))
        found = value_missing();
    return stay(&rest, &found, value, err);
}

enum evaluated path_find(const struct path *path, const struct value *dot,
                         const struct scope *scope, struct value *value, struct error *err)
{
    if (path->root == ROOT_VALUE && dot && dot->token)
        return walk(path, &scope->ev->json, dot->token - 1, value, err);
    if (path->root == ROOT_VALUE && dot)
        return stay(path, dot, value, err);
    if (path->root == ROOT_VALUE && scope->ev->form == EVENT_JSON)
        return walk(path, &scope->ev->json, JTEXT_ROOT, value, err);
    if (path->root == ROOT_HEADERS && path->step_count)
        return find_header(path, scope, value, err);
    struct value whole;
    if (!variable_value(path->root, scope, &whole, err))
        return EVALUATED_FAILED;
    return stay(path, &whole, value, err);
}
