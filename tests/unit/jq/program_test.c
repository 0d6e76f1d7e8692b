#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "jq/program.h"

static const char *const names[] = {"key", "id", "headers"};
static const struct jq_variables variables = {names, COUNT_OF(names)};

static void wraps_a_program_around_the_variables_it_uses(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        const char *wrapped;
    } rows[] = {
        {".a", ".a"},
        {".key + .id", ".key + .id"},
        {"\"$key\"", "\"$key\""},
        {"1 # $key", "1 # $key"},
        {"$keys", "$keys"},
        {"$key", ". as [$__,$key] | $__ | ($key\n)"},
        {"$headers.a + $id", ". as [$__,$id,$headers] | $__ | ($headers.a + $id\n)"},
        {"\"\\($key)\"", ". as [$__,$key] | $__ | (\"\\($key)\"\n)"},
        {"{$id}", ". as [$__,$id] | $__ | ({$id}\n)"},
        {"$ id # or not", ". as [$__,$id] | $__ | ($ id # or not\n)"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = {0};
        unsigned used = 0;
        size_t offset = 0;
        struct slice program = slice_of(rows[i].program);
        assert_true(jq_program_scan(program, &variables, &used, &offset, NULL));
        struct slice wrapped = jq_program_wrap(program, &variables, used, &arena);
        assert_string_equal(wrapped.data, rows[i].wrapped);
        assert_int_equal(wrapped.size, strlen(rows[i].wrapped));
        arena_finish(&arena);
    }
}

static void refuses_what_is_not_in_the_event(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        int offset; /* -1: nothing is wrong with it */
    } rows[] = {
        {"env", 0},
        {"env.PATH", 0},
        {".a | $ENV.PATH", 5},
        {"$ ENV", 0},
        {"\"\\(env)\"", 3},
        {"[inputs]", 1},
        {"{a: input}", 4},
        {"{(input): 1}", 2},
        {"import \"a\" as a; .", 0},
        {"include \"a\"; .", 0},
        {".a | halt_error", 5},
        {"$__loc__", 0},
        {"debug", 0},
        {".env, .input", -1},
        {"{env, input: 1, debug}", -1},
        {"\"env\" # env", -1},
        {"$env", -1},
        {"now", -1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        unsigned used = 0;
        size_t offset = 0;
        struct error err = {0};
        bool fine = jq_program_scan(slice_of(rows[i].program), &variables, &used, &offset, &err);
        int found = fine ? -1 : (int)offset;
        if (found != rows[i].offset)
            fail_msg("%s: %d, not %d (%s)", rows[i].program, found, rows[i].offset, err.text);
    }
}

static void says_what_is_refused(void **state)
{
    (void)state;
    unsigned used = 0;
    size_t offset = 0;
    struct error err;
    assert_false(jq_program_scan(SLICE(".a + $ENV.A"), &variables, &used, &offset, &err));
    assert_string_equal(err.text, "jq: $ENV is refused: a program sees the event and nothing else");
    assert_false(jq_program_scan(SLICE("1 + \"a"), &variables, &used, &offset, &err));
    assert_string_equal(err.text, "jq: a string without its closing quote, or brackets too deep");
    assert_int_equal(offset, 4);
    assert_false(jq_program_scan(SLICE("1\0"), &variables, &used, &offset, &err));
    assert_string_equal(err.text, "jq: a NUL can't stand in a program");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wraps_a_program_around_the_variables_it_uses),
        cmocka_unit_test(refuses_what_is_not_in_the_event),
        cmocka_unit_test(says_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
