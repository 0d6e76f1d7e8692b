/* A program, a NUL and an event. Whatever is evaluated here, jq must understand too, and say the
 * same of it, but for numbers with more digits than it has. */
#include <stdio.h>
#include <stdlib.h>

#include "expr/expression.h"
#include "expr/node.h"
#include "jq/jq.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct jq *jq;

/* No exponent, few digits; and no half of a surrogate pair, which jq doesn't take in a program. */
static bool is_plain(struct slice text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool digit = c >= '0' && c <= '9';
        if (digits > 0 && (c | 0x20) == 'e')
            return false;
        digits = digit ? digits + 1 : digits > 0 && c == '.' ? digits : 0;
        if (digits > 15 || (c == '\\' && i + 2 < text.size && (text.data[i + 2] | 0x20) == 'd'))
            return false;
    }
    return true;
}

/* What jq must say is true of the program, given what we say of it. */
static void add_claim(struct buffer *out, struct slice program, enum evaluated how,
                      const struct value *value)
{
    buffer_print(out, "try ([%.*s\n] == [", SLICE_ARGS(program));
    if (how == EVALUATED)
        value_add_json(value, out);
    buffer_print(out, "]) catch %s", how == EVALUATED_FAILED ? "true" : "false");
}

static void check(const struct expression *expression, struct scope *scope)
{
    struct arena arena = {0};
    struct buffer claim = {0};
    struct expression theirs;
    struct value value;
    struct error err = {0};
    size_t offset = 0;
    enum truth truth = TRUTH_NO;
    enum evaluated how = node_evaluate(expression->root, scope, &value, NULL);
    if (how == EVALUATED_UNDECIDED && !expression->program.data)
        abort();
    add_claim(&claim, expression->text, how == EVALUATED_UNDECIDED ? EVALUATED_FAILED : how,
              &value);
    if (!expression_compile(buffer_slice(&claim), &arena, jq, &theirs, &offset, &err) ||
        !expression_truth(&theirs, scope, &truth, &err) ||
        (truth != TRUTH_YES && how != EVALUATED_UNDECIDED)) {
        fprintf(stderr, "%s: %s\n", buffer_text(&claim), err.text);
        if (err.kind != ERROR_RENDER && err.kind != ERROR_SYSTEM) /* those are of time and memory */
            abort();
    }
    buffer_finish(&claim);
    arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct buffer scratch = {0};
    struct event ev = {0};
    struct expression expression;
    size_t offset = 0;
    struct slice input = {(const char *)data, size};
    const char *nul = size ? memchr(data, '\0', size) : NULL;
    struct slice program = {input.data, nul ? (size_t)(nul - input.data) : size};
    struct record record = {
        .topic = "t",
        .key = SLICE("k"),
        .value = nul ? slice_from(input, program.size + 1) : SLICE("{\"a\":[1,\"b\",null]}"),
    };
    if (!jq)
        jq = jq_create();
    struct scope scope = {.ev = &ev, .id = SLICE("t-0-0"), .scratch = &scratch, .jq = jq};
    if (event_decode(&record, FORMAT_JSON, &ev, NULL) &&
        expression_compile(program, &arena, NULL, &expression, &offset, NULL)) {
        if (offset > program.size)
            abort();
        if (is_plain(input))
            check(&expression, &scope);
        else
            node_evaluate(expression.root, &scope, &(struct value){0}, NULL);
    }
    buffer_finish(&scratch);
    event_finish(&ev);
    arena_finish(&arena);
    return 0;
}
