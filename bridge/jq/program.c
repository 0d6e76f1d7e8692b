#include "jq/program.h"

#include <string.h>

#include "base/buffer.h"
#include "base/jqlex.h"

static const struct {
    const char *name;
    enum jqlex_kind kind;
} refused[] = {
    {"env", JQLEX_NAME},
    {"ENV", JQLEX_VARIABLE},
    {"input", JQLEX_NAME},
    {"inputs", JQLEX_NAME},
    {"input_filename", JQLEX_NAME},
    {"input_line_number", JQLEX_NAME},
    {"debug", JQLEX_NAME},
    {"stderr", JQLEX_NAME},
    {"halt", JQLEX_NAME},
    {"halt_error", JQLEX_NAME},
    {"import", JQLEX_NAME},
    {"include", JQLEX_NAME},
    {"module", JQLEX_NAME},
    {"modulemeta", JQLEX_NAME},
    {"get_search_list", JQLEX_NAME},
    {"get_prog_origin", JQLEX_NAME},
    {"get_jq_origin", JQLEX_NAME},
    {"__loc__", JQLEX_VARIABLE},
};

static bool is_refused(const struct jqlex_token *token)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (token->kind == refused[i].kind && !token->key && slice_is(token->name, refused[i].name))
            return true;
    return false;
}

static unsigned bit_of(const struct jqlex_token *token, const struct jq_variables *variables)
{
    for (size_t i = 0; token->kind == JQLEX_VARIABLE && i < variables->count; i++)
        if (slice_is(token->name, variables->names[i]))
            return 1u << i;
    return 0;
}

bool jq_program_scan(struct slice program, const struct jq_variables *variables, unsigned *used,
                     size_t *offset, struct error *err)
{
    struct jqlex lex = {.at = program.data, .end = program.data + program.size};
    const char *nul = program.size ? memchr(program.data, '\0', program.size) : NULL;
    *used = 0;
    *offset = nul ? (size_t)(nul - program.data) : 0;
    if (nul)
        return error_set(err, ERROR_INPUT, "jq: a NUL can't stand in a program");
    for (;;) {
        struct jqlex_token token = jqlex_next(&lex);
        *offset = (size_t)(token.text.data - program.data);
        if (token.kind == JQLEX_END)
            return true;
        if (token.kind == JQLEX_BAD)
            return error_set(err, ERROR_INPUT,
                             "jq: a string without its closing quote, or brackets too deep");
        if (is_refused(&token))
            return error_set(err, ERROR_INPUT,
                             "jq: %.*s is refused: a program sees the event and nothing else",
                             SLICE_ARGS(token.text));
        *used |= bit_of(&token, variables);
    }
}

/* A comment at the program's end needs the line feed. */
struct slice jq_program_wrap(struct slice program, const struct jq_variables *variables,
                             unsigned used, struct arena *arena)
{
    struct buffer text = {0};
    if (used) {
        buffer_add_text(&text, ". as [$__");
        for (size_t i = 0; i < variables->count; i++)
            if (used >> i & 1)
                buffer_print(&text, ",$%s", variables->names[i]);
        buffer_add_text(&text, "] | $__ | (");
    }
    buffer_add_slice(&text, program);
    if (used)
        buffer_add_text(&text, "\n)");
    struct slice wrapped = {arena_copy(arena, buffer_slice(&text)), text.size};
    buffer_finish(&text);
    return wrapped;
}
