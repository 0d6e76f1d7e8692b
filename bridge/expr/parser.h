/* What the parser of expressions works with: its tokens, and what stands at the leaves, constants
 * and paths. parse.c builds the rest on it. */
#ifndef EXPR_PARSER_H
#define EXPR_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/jqlex.h"
#include "expr/node.h"

#define PARSER_TOKENS_MAX 500 /* which bounds the recursion, here and in evaluation */

struct parser {
    struct jqlex lex;
    struct jqlex_token token; /* the next one */
    const char *end;          /* of the one before */
    char *program;
    struct arena *arena;
    struct error *err;
    bool wrong; /* err says what; else it is only more than is understood here */
    const char *wrong_at;
    size_t tokens;
    bool undecided;
};

void parser_advance(struct parser *p);

/* Is that the next token? To take it is to go on behind it. */
bool parser_at(const struct parser *p, const char *text);
bool parser_at_name(const struct parser *p, const char *name);
bool parser_take(struct parser *p, const char *text);
bool parser_take_name(struct parser *p, const char *name);

/* What is wrong stands in p->err, and `at` is where. False, always. */
bool parser_explain(struct parser *p, const char *at);

/* One whose text goes from `start` to the token that was taken last. */
struct node *parser_node(struct parser *p, enum node_kind kind, const char *start);

/* The functions below are false when what they look for isn't there, or isn't understood here. */

bool parser_at_word(const struct parser *p); /* null, true or false */

/* A JSON scalar, a number with its sign. */
bool parser_take_constant(struct parser *p, struct slice *constant);

/* What a string constant says. */
bool parser_take_string(struct parser *p, struct slice *said);

bool parse_constant(struct parser *p, const struct node **node);

/* [] or {}, at its bracket. */
bool parse_empty(struct parser *p, const struct node **node);

/* At a field, a dot or a variable. `each`: a `[]` is where the path ends. */
bool parse_path(struct parser *p, const struct node **node, bool each);

#endif
