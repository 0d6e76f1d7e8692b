/* An expression as a tree: what of jq is evaluated here, without jq. Each node has one result at
 * most. Made by parse.c, evaluated by evaluate.c. Owner: an arena; immutable. */
#ifndef EXPR_NODE_H
#define EXPR_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"
#include "expr/path.h"
#include "expr/regex.h"
#include "expr/value.h"

enum node_kind {
    NODE_CONSTANT,
    NODE_PATH,
    NODE_PIPE,        /* a | b */
    NODE_ALTERNATIVE, /* a // b */
    NODE_AND,         /* a and b */
    NODE_OR,
    NODE_COMPARE, /* a op b */
    NODE_IF,      /* if a then b else c end */
    /* Functions of `.`: */
    NODE_NOT,
    NODE_LENGTH,
    NODE_TYPE,
    NODE_TOSTRING,
    NODE_DOWNCASE, /* ascii_downcase */
    NODE_UPCASE,
    NODE_STARTSWITH, /* of a */
    NODE_ENDSWITH,
    NODE_CONTAINS,
    NODE_HAS,
    NODE_SELECT,
    NODE_TEST, /* regex */
    NODE_IN,   /* choices */
    NODE_ANY,  /* any(a[]; b); a NULL: of `.`, b NULL: the elements themselves */
    NODE_ALL,
};

enum comparison { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE };

struct node {
    enum node_kind kind;
    struct slice text; /* as written */
    const struct node *a;
    const struct node *b;
    const struct node *c;
    struct slice constant; /* JSON: a scalar, [] or {} */
    struct path path;
    enum comparison comparison;
    bool optional; /* any(a[]?; b) */
    const struct regex *regex;
    const struct slice *choices; /* JSON scalars */
    size_t choice_count;
};

struct parsed {
    const struct node *root; /* NULL: it is more than this, and jq may know it */
    bool undecided;          /* may evaluation leave it to jq? */
};

/* Reads a program. Where `.a.[0]` is written, which newer versions of jq know, `.a [0]` is put in
 * its place in `program`, which is the arena's. False is ERROR_INPUT: what no jq makes sense of, or
 * what never gives a result; `offset` is the byte where. */
bool node_parse(char *program, size_t size, struct arena *arena, struct parsed *parsed,
                size_t *offset, struct error *err) MUST_CHECK;

/* What it makes is behind the end of the scope's scratch, which the caller asks whether it failed.
 * An error is ERROR_RENDER. */
enum evaluated node_evaluate(const struct node *node, const struct scope *scope,
                             struct value *value, struct error *err);

#endif
