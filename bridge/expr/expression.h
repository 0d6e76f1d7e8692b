/* An expression over the event: a path, a comparison, any program of jq. What paths, comparisons,
 * alternatives and the commonest functions can say is evaluated here, on the published bytes, and
 * keeps the digits of numbers; all else by jq, in a process of its own (jq/jq.h).
 *
 * Owner: the arena it was compiled in; immutable, any thread may use it. */
#ifndef EXPR_EXPRESSION_H
#define EXPR_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"
#include "expr/path.h"
#include "expr/value.h"

struct node;

struct expression {
    struct slice text;       /* as written, without what is around it */
    const struct node *root; /* NULL: only jq can say it */
    struct slice program;    /* for jq; data NULL: it is never asked */
    unsigned variables;      /* that it names: bit i is root i + 1 */
};

/* Compiles a program. `jq` checks what only it understands; NULL: then that is wrong. False is
 * ERROR_INPUT with what is wrong, and `offset` the byte of `text` where; or ERROR_SYSTEM, where jq
 * can't be asked. */
bool expression_compile(struct slice text, struct arena *arena, struct jq *jq,
                        struct expression *expression, size_t *offset,
                        struct error *err) MUST_CHECK;

/* Does it see nothing of the event? */
bool expression_is_constant(const struct expression *expression);
bool expression_uses(const struct expression *expression, enum path_root root);

/* Its first result. False is ERROR_RENDER: it fails, or there is none ("missing field .tenant"); or
 * what jq_run ends with. Clears the scope's scratch. */
bool expression_value(const struct expression *expression, const struct scope *scope,
                      struct value *value, struct error *err) MUST_CHECK;

enum truth {
    TRUTH_NO,   /* false */
    TRUTH_NULL, /* null, or missing */
    TRUTH_NONE, /* no result */
    TRUTH_YES,  /* all else */
};

/* The same, for who only asks whether it is true; a missing field is none here, but null. */
bool expression_truth(const struct expression *expression, const struct scope *scope,
                      enum truth *truth, struct error *err) MUST_CHECK;

#endif
