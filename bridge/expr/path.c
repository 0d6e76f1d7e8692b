#include "expr/path.h"

#include "base/compiler.h"
#include "expr/variable.h"

static bool misfit(const struct path *path, const struct path_step *step, const char *kind,
                   struct error *err)
{
    if (step->optional)
        return true;
    if (step->name.data)
        return error_set(err, ERROR_RENDER, "%.*s: cannot index %s with \"%.*s\"",
                         SLICE_ARGS(path->text), kind, SLICE_ARGS(step->name));
    return error_set(err, ERROR_RENDER, "%.*s: cannot index %s with a number",
                     SLICE_ARGS(path->text), kind);
}

static bool step_fits(const struct path_step *step, enum jtext_kind kind)
{
    return kind == (step->name.data ? JTEXT_OBJECT : JTEXT_ARRAY);
}

/* `value` is VALUE_MISSING when this begins. */
static bool find_in_json(const struct path *path, const struct jtext *json, struct value *value,
                         struct error *err)
{
    uint32_t at = JTEXT_ROOT;
    for (size_t i = 0; i < path->step_count; i++) {
        const struct path_step *step = &path->steps[i];
        enum jtext_kind kind = jtext_kind(jtext_value(json, at));
        if (kind == JTEXT_NULL)
            break;
        if (!step_fits(step, kind))
            return misfit(path, step, jtext_kind_name(kind), err);
        at = step->name.data ? jtext_member(json, at, step->name)
                             : jtext_element(json, at, step->index);
        if (at == JTEXT_NOTHING)
            return true;
    }
    *value = value_json(jtext_value(json, at));
    return true;
}

/* $headers.NAME without making the object; `first` is what step 0 leads to. */
static bool find_in_headers(const struct path *path, const struct scope *scope, struct value *value,
                            struct error *err)
{
    const struct path_step *step = &path->steps[0];
    if (!step->name.data)
        return misfit(path, step, "object", err);
    struct value found;
    if (!variable_header(scope, step->name, &found))
        return true;
    if (path->step_count > 1 && found.kind == VALUE_TEXT)
        return misfit(path, &path->steps[1], "string", err);
    *value = found;
    return true;
}

bool path_find(const struct path *path, const struct scope *scope, struct value *value,
               struct error *err)
{
    *value = (struct value){VALUE_MISSING, SLICE("")};
    if (path->root == ROOT_VALUE && scope->ev->form == EVENT_JSON)
        return find_in_json(path, &scope->ev->json, value, err);
    if (path->root == ROOT_HEADERS && path->step_count)
        return find_in_headers(path, scope, value, err);
    struct value whole;
    if (!variable_value(path->root, scope, &whole, err))
        return false;
    if (path->step_count && whole.kind == VALUE_TEXT)
        return misfit(path, &path->steps[0], "string", err);
    *value = whole;
    return true;
}
