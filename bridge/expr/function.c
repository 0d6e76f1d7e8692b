#include "expr/evaluation.h"

enum evaluated evaluation_fail(const struct evaluation *e, const struct node *node, const char *why)
{
    error_set(e->err, ERROR_RENDER, "%.*s: %s", SLICE_ARGS(node->text), why);
    return EVALUATED_FAILED;
}

static size_t characters(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

static struct value made_number(const struct evaluation *e, size_t number)
{
    struct buffer *scratch = e->scope->scratch;
    size_t start = scratch->size;
    buffer_add_int(scratch, (long long)number);
    return value_json(slice_from(buffer_slice(scratch), scratch->failed ? 0 : start));
}

static size_t elements(const struct jtext *json, uint32_t array)
{
    size_t count = 0;
    for (uint32_t i = array + 1; i < json->tokens[array].next; i = json->tokens[i].next)
        count++;
    return count;
}

static enum evaluated evaluate_length(const struct evaluation *e, const struct node *node,
                                      const struct value *of, struct value *value)
{
    bool negative = of->text.size > 0 && *of->text.data == '-';
    switch (value_kind_of(of)) {
    case JTEXT_NULL:
        *value = value_json(SLICE("0"));
        return EVALUATED;
    case JTEXT_NUMBER:
        *value = value_json(slice_from(of->text, negative));
        return EVALUATED;
    case JTEXT_STRING:
        *value = made_number(e, characters(value_as_text(of, e->scope->scratch)));
        return EVALUATED;
    case JTEXT_ARRAY:
        if (of->token == 0)
            return EVALUATED_UNDECIDED;
        *value = made_number(e, elements(&e->scope->ev->json, of->token - 1));
        return EVALUATED;
    case JTEXT_OBJECT: /* of members with the same name one counts */
        return EVALUATED_UNDECIDED;
    default:
        return evaluation_fail(e, node, "a boolean has no length");
    }
}

/* A number keeps its digits. */
static enum evaluated evaluate_tostring(const struct value *of, struct value *value)
{
    enum jtext_kind kind = value_kind_of(of);
    if (kind == JTEXT_ARRAY || kind == JTEXT_OBJECT)
        return EVALUATED_UNDECIDED;
    if (kind == JTEXT_STRING)
        *value = *of;
    else
        *value = value_text(kind == JTEXT_NULL ? SLICE("null") : of->text);
    return EVALUATED;
}

/* ASCII's letters only. */
static enum evaluated evaluate_case(const struct evaluation *e, const struct node *node,
                                    const struct value *of, struct value *value)
{
    bool down = node->kind == NODE_DOWNCASE;
    char first = down ? 'A' : 'a';
    struct buffer *scratch = e->scope->scratch;
    if (value_kind_of(of) != JTEXT_STRING)
        return evaluation_fail(e, node, "it needs a string");
    struct kept_slice text = slice_keep(value_as_text(of, scratch), scratch);
    size_t start = scratch->size;
    char *room = buffer_reserve(scratch, text.slice.size + 1);
    struct slice from = slice_kept(&text, scratch);
    for (size_t i = 0; room && i < from.size; i++) {
        bool letter = from.data[i] >= first && from.data[i] < first + 26;
        room[i] = letter ? (char)(from.data[i] ^ 0x20) : from.data[i];
    }
    scratch->size += room ? from.size : 0;
    *value = value_text(slice_from(buffer_slice(scratch), room ? start : 0));
    return EVALUATED;
}

static enum evaluated evaluate_test(const struct evaluation *e, const struct node *node,
                                    const struct value *of, struct value *value)
{
    if (value_kind_of(of) != JTEXT_STRING)
        return evaluation_fail(e, node, "it can't be matched, as it is not a string");
    enum regex_verdict verdict = regex_test(node->regex, value_as_text(of, e->scope->scratch));
    if (verdict == REGEX_GIVES_UP)
        return EVALUATED_UNDECIDED;
    *value = value_bool(verdict == REGEX_MATCHES);
    return EVALUATED;
}

static enum evaluated evaluate_in(const struct evaluation *e, const struct node *node,
                                  const struct value *of, struct value *value)
{
    struct buffer *scratch = e->scope->scratch;
    struct kept_slice text = slice_keep(of->text, scratch);
    struct value left = *of;
    bool found = false;
    for (size_t i = 0; !found && i < node->choice_count; i++) {
        struct value choice = value_json(node->choices[i]);
        int order = 0;
        left.text = slice_kept(&text, scratch);
        if (!value_compare(&left, &choice, scratch, &order))
            return EVALUATED_UNDECIDED;
        found = order == 0;
    }
    *value = value_bool(found);
    return EVALUATED;
}

struct two_texts {
    struct slice text; /* `.` */
    struct slice argument;
};

/* Both are strings. Unescaping one may move the other. */
static struct two_texts texts_of(const struct value *of, const struct value *argument,
                                 struct buffer *scratch)
{
    struct value text = *of;
    struct kept_slice left = slice_keep(of->text, scratch);
    struct kept_slice right = slice_keep(value_as_text(argument, scratch), scratch);
    text.text = slice_kept(&left, scratch);
    struct slice said = value_as_text(&text, scratch);
    return (struct two_texts){said, slice_kept(&right, scratch)};
}

static bool has_nul(struct slice text)
{
    return text.size > 0 && memchr(text.data, '\0', text.size);
}

static bool holds(enum node_kind kind, struct slice text, struct slice part)
{
    if (text.size < part.size)
        return false;
    if (kind == NODE_STARTSWITH)
        return slice_starts(text, part);
    if (kind == NODE_ENDSWITH)
        return slice_equal(slice_from(text, text.size - part.size), part);
    return part.size == 0 || memmem(text.data, text.size, part.data, part.size);
}

static enum evaluated evaluate_holds(const struct evaluation *e, const struct node *node,
                                     const struct value *of, const struct value *argument,
                                     struct value *value)
{
    enum jtext_kind kind = value_kind_of(of);
    bool strings = kind == JTEXT_STRING && value_kind_of(argument) == JTEXT_STRING;
    if (!strings && node->kind != NODE_CONTAINS)
        return evaluation_fail(e, node, "it needs strings");
    if (!strings && kind == value_kind_of(argument))
        return EVALUATED_UNDECIDED;
    if (!strings)
        return evaluation_fail(e, node, "values of different kinds can't contain each other");
    struct two_texts both = texts_of(of, argument, e->scope->scratch);
    if (node->kind == NODE_CONTAINS && (has_nul(both.text) || has_nul(both.argument)))
        return EVALUATED_UNDECIDED; /* where a C string ends */
    *value = value_bool(holds(node->kind, both.text, both.argument));
    return EVALUATED;
}

/* Of a number that is an index, and not too large for one. */
static bool read_index(struct slice number, long long *index)
{
    *index = 0;
    for (size_t i = 0; i < number.size; i++) {
        if (number.data[i] < '0' || number.data[i] > '9' || i >= 9)
            return false;
        *index = *index * 10 + (number.data[i] - '0');
    }
    return true;
}

static enum evaluated evaluate_has(const struct evaluation *e, const struct node *node,
                                   const struct value *of, const struct value *key,
                                   struct value *value)
{
    enum jtext_kind kind = value_kind_of(of);
    enum jtext_kind by = value_kind_of(key);
    const struct jtext *json = &e->scope->ev->json;
    long long index = 0;
    if (kind == JTEXT_NULL) {
        *value = value_bool(false);
        return EVALUATED;
    }
    if (!(kind == JTEXT_OBJECT && by == JTEXT_STRING) &&
        !(kind == JTEXT_ARRAY && by == JTEXT_NUMBER))
        return evaluation_fail(e, node, "it can't be asked for such a key");
    if (of->token == 0 || (by == JTEXT_NUMBER && !read_index(key->text, &index)))
        return EVALUATED_UNDECIDED;
    uint32_t found = kind == JTEXT_ARRAY
                         ? jtext_element(json, of->token - 1, index)
                         : jtext_member(json, of->token - 1, value_as_text(key, e->scope->scratch));
    *value = value_bool(found != JTEXT_NOTHING);
    return EVALUATED;
}

enum evaluated function_of(const struct evaluation *e, const struct node *node,
                           const struct value *of, struct value *value)
{
    switch (node->kind) {
    case NODE_NOT:
        *value = value_bool(value_is_false(of));
        return EVALUATED;
    case NODE_TYPE:
        *value = value_text(slice_of(jtext_kind_name(value_kind_of(of))));
        return EVALUATED;
    case NODE_LENGTH:
        return evaluate_length(e, node, of, value);
    case NODE_TOSTRING:
        return evaluate_tostring(of, value);
    case NODE_TEST:
        return evaluate_test(e, node, of, value);
    case NODE_IN:
        return evaluate_in(e, node, of, value);
    default:
        return evaluate_case(e, node, of, value);
    }
}

enum evaluated function_with(const struct evaluation *e, const struct node *node,
                             const struct value *of, const struct value *argument,
                             struct value *value)
{
    if (node->kind == NODE_HAS)
        return evaluate_has(e, node, of, argument, value);
    if (node->kind != NODE_SELECT)
        return evaluate_holds(e, node, of, argument, value);
    *value = *of;
    return value_is_false(argument) ? EVALUATED_NOTHING : EVALUATED;
}
