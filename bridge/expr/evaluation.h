/* What the two files of evaluation share: evaluate.c walks the tree, function.c does what functions
 * do with the values that it finds. */
#ifndef EXPR_EVALUATION_H
#define EXPR_EVALUATION_H

#include "expr/node.h"

struct evaluation {
    const struct scope *scope;
    struct error *err;
};

/* "length: a boolean has no length" */
enum evaluated evaluation_fail(const struct evaluation *e, const struct node *node,
                               const char *why);

/* A function of `.`: its result may lie behind the end of the scope's scratch. */
enum evaluated function_of(const struct evaluation *e, const struct node *node,
                           const struct value *of, struct value *value);

/* One that has an argument too. */
enum evaluated function_with(const struct evaluation *e, const struct node *node,
                             const struct value *of, const struct value *argument,
                             struct value *value);

#endif
