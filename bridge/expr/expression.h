/* An expression over the event: `.tenant // $headers.tenant // "none"`, alternatives of paths,
 * variables and constants. Owner: the arena it was compiled in; immutable, any thread may use it.
 */
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

struct expression_term {
    struct slice constant; /* JSON text; data NULL: it is a path */
    struct path path;
};

struct expression {
    const struct expression_term *terms; /* at least one */
    size_t term_count;
};

/* Compiles what stands between `{{` and `}}`. False is ERROR_INPUT and says what is wrong; a jq
 * program that is more than this is wrong too. */
bool expression_compile(struct slice text, struct arena *arena, struct expression *expression,
                        struct error *err) MUST_CHECK;

/* Does it see nothing of the event? */
bool expression_is_constant(const struct expression *expression);
bool expression_uses(const struct expression *expression, enum path_root root);

/* The first alternative that is neither missing, null nor false nor fails; else the last, whatever
 * it is. False is ERROR_RENDER: the last is missing ("missing field .tenant") or fails. Clears the
 * scope's scratch. */
bool expression_value(const struct expression *expression, const struct scope *scope,
                      struct value *value, struct error *err) MUST_CHECK;

#endif
