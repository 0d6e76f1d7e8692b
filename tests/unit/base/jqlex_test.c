#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/jqlex.h"

/* Each token as a letter and its text, `:` behind a key, `!` behind a stray bracket. */
static const char *tokens(struct slice program)
{
    static const char letters[] = {
        [JQLEX_NAME] = 'n',     [JQLEX_VARIABLE] = 'v', [JQLEX_FIELD] = 'f',
        [JQLEX_FORMAT] = '@',   [JQLEX_NUMBER] = '#',   [JQLEX_STRING] = 's',
        [JQLEX_OPERATOR] = 'o', [JQLEX_TEXT] = 't',     [JQLEX_BAD] = 'B'};
    static char out[1024];
    struct jqlex lex = {.at = program.data, .end = program.data + program.size};
    size_t size = 0;
    out[0] = '\0';
    for (struct jqlex_token it = jqlex_next(&lex); it.kind; it = jqlex_next(&lex)) {
        bool named = it.kind <= JQLEX_FORMAT;
        size += (size_t)snprintf(out + size, sizeof out - size, "%s%c%.*s%s%s", size ? " " : "",
                                 letters[it.kind], SLICE_ARGS(named ? it.name : it.text),
                                 it.key ? ":" : "", it.stray ? "!" : "");
    }
    return out;
}

static void splits_a_program_as_jq_does(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        const char *tokens;
    } rows[] = {
        {"", ""},
        {" \t\n", ""},
        {".a.b_1", "fa fb_1"},
        {".a .b", "fa fb"},
        {". a", "o. na"},
        {"..a", "o.. na"},
        {".a[0]", "fa o[ #0 o]"},
        {".[-1]?", "o. o[ o- #1 o] o?"},
        {".5e-3 1.e2 1e 1.2.3 ...", "#.5e-3 #1.e2 #1 ne #1.2.3 #..."},
        {"$key $ key $__loc__ $", "vkey vkey v__loc__ v"},
        {"m::f a:: .m::f", "nm::f na o: o: fm o: o: nf"},
        {"@base64 \"x\"", "@base64 s\"x\""},
        {"a//b ?//c //= d", "na o// nb o?// nc o//= nd"},
        {".a>=1|.b!=2", "fa o>= #1 o| fb o!= #2"},
        {"and.if", "nand fif"},
        {"1 # \"comment }\n2", "#1 #2"},
        {"1 # \r 2", "#1 o\r #2"},
        {"\"a\\\"b\" \"\\\\\"", "s\"a\\\"b\" s\"\\\\\""},
        {"\"a\\(.b)c\"", "t\"a\\( fb o) tc\""},
        {"\"\\(\"x\\(1)y\" + (2))\"|z", "t\"\\( t\"x\\( #1 o) ty\" o+ o( #2 o) o) t\" o| nz"},
        {"{a: b, c, \"d\": e, (f): g, $h}",
         "o{ na: o: nb o, nc: o, s\"d\" o: ne o, o( nf o) o: ng o, vh o}"},
        {"{a: {b}, c: (d, e), f: [g, h]}",
         "o{ na: o: o{ nb: o} o, nc: o: o( nd o, ne o) o, nf: o: o[ ng o, nh o] o}"},
        {"\"\\({a: b})\"", "t\"\\( o{ na: o: nb o} o) t\""},
        {")", "o)!"},
        {"(.a}", "o( fa o}!"},
        {"{(.a}", "o{ o( fa o}"},
        {"\"a", "B\"a"},
        {"\"a\\", "B\"a\\"},
        {"\"\\(1", "t\"\\( #1"},
        {"\"\\(1)", "t\"\\( #1 o) B"},
        {"\x01\xC3", "o\x01 o\xC3"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *found = tokens(slice_of(rows[i].program));
        if (strcmp(found, rows[i].tokens) != 0)
            fail_msg("%s: %s, not %s", rows[i].program, found, rows[i].tokens);
    }
    assert_string_equal(tokens(SLICE("1\0002")), "#1 o #2");
}

static void bounds_what_stands_within_each_other(void **state)
{
    (void)state;
    char text[JQLEX_DEPTH + 1];
    memset(text, '[', sizeof text);
    struct jqlex lex = {.at = text, .end = text + sizeof text};
    for (size_t i = 0; i < JQLEX_DEPTH; i++)
        assert_int_equal(jqlex_next(&lex).kind, JQLEX_OPERATOR);
    assert_int_equal(jqlex_next(&lex).kind, JQLEX_BAD);
    assert_int_equal(jqlex_next(&lex).kind, JQLEX_END);
}

static void finds_the_end_of_a_program_in_braces(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int at; /* -1: there is none */
    } rows[] = {
        {".a}}", 2},
        {"}}", 0},
        {".a}", -1},
        {".a} }", -1},
        {"", -1},
        {"{a:{b:1}}}}", 9},
        {"{a:1}}}}", 5},
        {"\"}}\"}}", 4},
        {"\"\\(.a[\"}}\"])\"}}", 13},
        {"\"\\({a:{b:1}})\"}}", 14},
        {"(.a}}", 3},
        {"[.a}}", 3},
        {"\"\\(.a}}\"}}", -1},
        {"\".a}}", -1},
        {"1 # }}\n}}", 7},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *text = rows[i].text;
        const char *close = jqlex_close(text, text + strlen(text));
        int at = close ? (int)(close - text) : -1;
        if (at != rows[i].at)
            fail_msg("%s: at %d, not %d", text, at, rows[i].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_a_program_as_jq_does),
        cmocka_unit_test(bounds_what_stands_within_each_other),
        cmocka_unit_test(finds_the_end_of_a_program_in_braces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
