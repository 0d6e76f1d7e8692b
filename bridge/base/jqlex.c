#include "base/jqlex.h"

#include "base/compiler.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const struct jqlex *lex, size_t ahead)
{
    return (size_t)(lex->end - lex->at) > ahead ? lex->at[ahead] : '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

/* A comment ends with its line. */
static void skip_blanks(struct jqlex *lex)
{
    while (lex->at < lex->end && (is_blank(*lex->at) || *lex->at == '#')) {
        if (*lex->at == '#')
            while (lex->at < lex->end && *lex->at != '\n' && *lex->at != '\r')
                lex->at++;
        else
            lex->at++;
    }
}

static char top(const struct jqlex *lex)
{
    return lex->depth > 0 ? lex->open[lex->depth - 1] : '\0';
}

static bool push(struct jqlex *lex, char bracket)
{
    if (lex->depth == JQLEX_DEPTH)
        return false;
    lex->open[lex->depth++] = bracket;
    return true;
}

static struct jqlex_token token(const struct jqlex *lex, enum jqlex_kind kind, const char *start)
{
    return (struct jqlex_token){.kind = kind, .text = {start, (size_t)(lex->at - start)}};
}

static struct jqlex_token bad(struct jqlex *lex, const char *start)
{
    lex->at = lex->end;
    lex->depth = 0;
    return token(lex, JQLEX_BAD, start);
}

/* A field's ends at a colon; in others `::` may be. */
static struct slice take_name(struct jqlex *lex, bool field)
{
    const char *start = lex->at;
    for (;;) {
        while (is_letter(peek(lex, 0)) || (lex->at > start && is_digit(peek(lex, 0))))
            lex->at++;
        if (field || peek(lex, 0) != ':' || peek(lex, 1) != ':' || !is_letter(peek(lex, 2)))
            return (struct slice){start, (size_t)(lex->at - start)};
        lex->at += 2;
    }
}

static struct jqlex_token named(struct jqlex *lex, enum jqlex_kind kind, const char *start)
{
    struct slice name = take_name(lex, kind == JQLEX_FIELD);
    struct jqlex_token it = token(lex, kind, start);
    it.name = name;
    it.key = kind == JQLEX_NAME && top(lex) == '{' && (lex->before == '{' || lex->before == ',');
    return it;
}

/* Within a string: to its end or to a program in it. True: it has ended. */
static bool skip_text(struct jqlex *lex)
{
    while (lex->at < lex->end && *lex->at != '"') {
        if (*lex->at == '\\' && peek(lex, 1) == '(')
            return false;
        lex->at += *lex->at == '\\' && lex->end - lex->at > 1 ? 2 : 1;
    }
    return lex->at < lex->end;
}

/* Within a string that programs are in. */
static struct jqlex_token next_text(struct jqlex *lex)
{
    const char *start = lex->at;
    if (skip_text(lex)) {
        lex->at++;
        lex->depth--;
        lex->before = ' ';
        return token(lex, JQLEX_TEXT, start);
    }
    if (lex->at == lex->end || !push(lex, 'i'))
        return bad(lex, start);
    lex->at += 2;
    lex->before = '(';
    return token(lex, JQLEX_TEXT, start);
}

/* At a quote. */
static struct jqlex_token next_string(struct jqlex *lex)
{
    const char *start = lex->at++;
    if (skip_text(lex)) {
        lex->at++;
        return token(lex, JQLEX_STRING, start);
    }
    if (lex->at == lex->end || !push(lex, '"'))
        return bad(lex, start);
    lex->at = start + 1;
    struct jqlex_token it = next_text(lex);
    it.text = (struct slice){start, (size_t)(lex->at - start)};
    return it;
}

static bool closes(char open, char close)
{
    switch (close) {
    case ')':
        return open == '(' || open == 'i';
    case ']':
        return open == '[';
    default:
        return open == '{';
    }
}

/* What a closing bracket closes ends all that was opened within it. */
static bool pop(struct jqlex *lex, char close)
{
    size_t depth = lex->depth;
    while (depth > 0 && !closes(lex->open[depth - 1], close)) {
        if (lex->open[depth - 1] == 'i')
            return true; /* a mistake, but not one of the text around */
        depth--;
    }
    if (depth == 0)
        return false;
    lex->depth = depth - 1;
    return true;
}

static size_t operator_bytes(const struct jqlex *lex)
{
    static const char *const longer[] = {
        "?//", "//=", "//", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", ".."};
    struct slice rest = {lex->at, (size_t)(lex->end - lex->at)};
    for (size_t i = 0; i < COUNT_OF(longer); i++)
        if (slice_starts(rest, slice_of(longer[i])))
            return strlen(longer[i]);
    return 1;
}

static struct jqlex_token next_operator(struct jqlex *lex)
{
    const char *start = lex->at;
    bool stray = false;
    if (*start && strchr("([{", *start) && !push(lex, *start))
        return bad(lex, start);
    if (*start && strchr(")]}", *start))
        stray = !pop(lex, *start);
    lex->at += operator_bytes(lex);
    struct jqlex_token it = token(lex, JQLEX_OPERATOR, start);
    it.stray = stray;
    return it;
}

/* Dots and digits: a number, unless it is one dot or two. */
static struct jqlex_token next_number(struct jqlex *lex)
{
    const char *start = lex->at;
    while (is_digit(peek(lex, 0)) || peek(lex, 0) == '.')
        lex->at++;
    size_t sign = peek(lex, 1) == '+' || peek(lex, 1) == '-' ? 2 : 1;
    if ((peek(lex, 0) | 0x20) == 'e' && is_digit(peek(lex, sign)))
        for (lex->at += sign; is_digit(peek(lex, 0));)
            lex->at++;
    struct jqlex_token it = token(lex, JQLEX_NUMBER, start);
    if (slice_is(it.text, ".") || slice_is(it.text, ".."))
        it.kind = JQLEX_OPERATOR;
    return it;
}

/* At a dollar: blanks may stand behind it. */
static struct jqlex_token next_variable(struct jqlex *lex)
{
    const char *start = lex->at++;
    skip_blanks(lex);
    return named(lex, JQLEX_VARIABLE, start);
}

static struct jqlex_token next_format(struct jqlex *lex)
{
    const char *start = lex->at++;
    while (is_letter(peek(lex, 0)) || is_digit(peek(lex, 0)))
        lex->at++;
    struct jqlex_token it = token(lex, JQLEX_FORMAT, start);
    it.name = slice_from(it.text, 1);
    return it;
}

static struct jqlex_token next_code(struct jqlex *lex)
{
    const char *start = lex->at;
    char c = *start;
    if (is_letter(c))
        return named(lex, JQLEX_NAME, start);
    if (c == '"')
        return next_string(lex);
    if (c == '$')
        return next_variable(lex);
    if (c == '@')
        return next_format(lex);
    if (c == '.' && is_letter(peek(lex, 1))) {
        lex->at++;
        return named(lex, JQLEX_FIELD, start);
    }
    if (is_digit(c) || c == '.')
        return next_number(lex);
    return next_operator(lex);
}

struct jqlex_token jqlex_next(struct jqlex *lex)
{
    if (top(lex) == '"')
        return next_text(lex);
    skip_blanks(lex);
    if (lex->at == lex->end)
        return token(lex, JQLEX_END, lex->at);
    struct jqlex_token it = next_code(lex);
    if (it.kind == JQLEX_OPERATOR)
        lex->before = *it.text.data;
    else if (it.kind != JQLEX_TEXT)
        lex->before = ' ';
    return it;
}

const char *jqlex_close(const char *at, const char *end)
{
    struct jqlex lex = {.at = at, .end = end};
    for (;;) {
        struct jqlex_token it = jqlex_next(&lex);
        if (it.kind == JQLEX_END || it.kind == JQLEX_BAD)
            return NULL;
        if (it.stray && *it.text.data == '}' && peek(&lex, 0) == '}')
            return it.text.data;
    }
}
