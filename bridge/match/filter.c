#include "match/filter.h"

#include <stdlib.h>

#include "expr/expression.h"

#define SCRATCH_KEPT (64u << 10)

struct filter {
    struct arena arena;
    struct text text;
    struct expression expression;
};

static void add_mistake(const struct text *program, size_t offset, const char *what,
                        struct problems *problems)
{
    bool secret = text_holds_secret(program, text_slice(program));
    problems_add(problems, text_place(program, offset), "filter: %s",
                 secret ? "the program, with a secret in it, is wrong" : what);
}

static bool compile(struct filter *filter, struct jq *jq, struct problems *problems)
{
    struct error err;
    size_t offset = 0;
    if (!expression_compile(text_slice(&filter->text), &filter->arena, jq, &filter->expression,
                            &offset, &err)) {
        add_mistake(&filter->text, offset, err.text, problems);
        return false;
    }
    if (!expression_uses(&filter->expression, ROOT_ID))
        return true;
    add_mistake(&filter->text, 0, "there is no $id yet; the position is $topic $partition $offset",
                problems);
    return false;
}

struct filter *filter_create(const struct text *program, struct jq *jq, struct problems *problems)
{
    struct filter *filter = calloc(1, sizeof *filter);
    if (!filter) {
        problems_add(problems, program->at, "no memory for the filter");
        return NULL;
    }
    filter->text = *program;
    if (compile(filter, jq, problems))
        return filter;
    filter_destroy(filter);
    return NULL;
}

void filter_destroy(struct filter *filter)
{
    if (!filter)
        return;
    arena_finish(&filter->arena);
    free(filter);
}

/* "orders.yaml:7:13: filter: .data.amount > 100 is false" */
static void explain(const struct filter *filter, enum truth truth, struct buffer *why_not)
{
    static const char *const verdicts[] = {
        [TRUTH_NO] = "is false", [TRUTH_NULL] = "is null", [TRUTH_NONE] = "has no result"};
    const struct text *text = &filter->text;
    bool secret = text_holds_secret(text, text_slice(text));
    struct slice shown = secret ? SLICE("it") : filter->expression.text;
    buffer_print(why_not, "%s:%u:%u: filter: %.*s %s", text->at.file ? text->at.file : "",
                 text->at.line, text->at.column, SLICE_ARGS(shown), verdicts[truth]);
}

bool filter_wants(const struct filter *filter, const struct event *ev, struct filter_run *run,
                  bool *wants, struct error *err)
{
    const struct scope scope = {.ev = ev, .scratch = &run->scratch, .jq = run->jq};
    enum truth truth = TRUTH_YES;
    *wants = true;
    if (run->scratch.capacity > SCRATCH_KEPT)
        buffer_finish(&run->scratch);
    if (filter && !expression_truth(&filter->expression, &scope, &truth, err)) {
        if (err && err->kind == ERROR_RENDER)
            err->kind = ERROR_FILTER;
        return error_wrap(err, "filter");
    }
    *wants = truth == TRUTH_YES;
    if (!*wants && run->why_not)
        explain(filter, truth, run->why_not);
    return true;
}
