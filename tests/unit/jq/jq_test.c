#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/jtext.h"
#include "jq/child_program.h"
#include "jq/jq.h"
#include "jq/patience.h"

/* A sanitizer ends the process itself. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OUT_OF_MEMORY "! render: jq: it makes jq end"
#else
#define OUT_OF_MEMORY "! render: jq: it takes more than 256 MiB of memory"
#endif

static struct jq *jq;

/* The result, "-" for none, or "! " and the error. */
static const char *run_on(const char *program, struct slice input, enum jq_wanted wanted)
{
    static struct buffer out;
    struct error err = {0};
    bool empty = false;
    buffer_clear(&out);
    buffer_add_slice(jq_input(jq), input);
    const struct jq_call call = {slice_of(program), wanted, 100000};
    if (!jq_run(jq, &call, &out, &empty, &err)) {
        buffer_clear(&out);
        buffer_print(&out, "! %s: %s", error_name(err.kind), err.text);
    } else if (empty) {
        buffer_add_char(&out, '-');
    }
    return buffer_text(&out);
}

static const char *run(const char *program, const char *input)
{
    return run_on(program, slice_of(input), JQ_WANTED_RESULT);
}

static int create(void **state)
{
    (void)state;
    jq = jq_create();
    return jq ? 0 : -1;
}

static int destroy(void **state)
{
    (void)state;
    jq_destroy(jq);
    return 0;
}

struct row {
    const char *program;
    const char *input;
    const char *result;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *result = run(rows[i].program, rows[i].input);
        if (strcmp(result, rows[i].result) != 0)
            fail_msg("%s on %s gives %s, not %s", rows[i].program, rows[i].input, result,
                     rows[i].result);
    }
}

static void gives_the_first_result(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {".", "{\"b\":1,\"a\":[null,true,false,\"x\",2.5]}",
         "{\"b\":1,\"a\":[null,true,false,\"x\",2.5]}"},
        {".[] | select(. > 1)", "[1,2,3]", "2"},
        {"empty", "1", "-"},
        {".[]", "[]", "-"},
        {"null", "1", "null"},
        {".a", "{\"a\":1,\"a\":2}", "2"},
        {".", "\"\\ud83d\\ude00 \\ud83d \\udc00 \\\"\\u0000\"",
         "\"\xF0\x9F\x98\x80 \xEF\xBF\xBD \xEF\xBF\xBD \\\"\\u0000\""},
        {"1.0, 2", "1", "1"},
        {"1e17", "1", "1e+17"},
        {"-0", "1", "-0"},
        {"0.1 + 0.2", "1", "0.30000000000000004"},
        {"nan", "1", "null"},
        {"infinite", "1", "1.7976931348623157e+308"},
        {". ", "12345678901234567890", "12345678901234567000"},
        {"[1, error(\"x\")]", "1", "! render: jq: x"},
        {"error", "{\"a\":1}", "! render: jq: {\"a\":1}"},
        {"error(null)", "1", "-"},
        {".a", "[1]", "! render: jq: Cannot index array with string \"a\""},
        {"now | type", "1", "\"number\""},
        {"1764000000 | todate", "1", "\"2025-11-24T16:00:00Z\""},
        {"1764000000 | localtime | mktime", "1", "1764000000"},
        {"1764000000 | strflocaltime(\"%H %Z\")", "1", "\"16 UTC\""},
        {"test(\"^\xC3\xA9$\")", "\"\xC3\xA9\"", "true"},
        {"@base64", "\"x\"", "\"eA==\""},
        {"limit(1; repeat(1))", "1", "1"},
    };
    check_rows(rows, COUNT_OF(rows));
}

/* What our reader takes goes in, and comes out as JSON again. */
static void carries_what_json_can_be(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {".", "{\"\":{\"b\":[ ]},\"a\":{}}", "{\"\":{\"b\":[]},\"a\":{}}"},
        {".", "[1e400,-1e400,1e-400]", "[1.7976931348623157e+308,-1.7976931348623157e+308,0]"},
        {".", "[0.1,1E2,2147483648,-2147483649,-0.0]", "[0.1,100,2147483648,-2147483649,-0]"},
        {"keys", "{\"\\u00e9\":1,\"\xC3\xA9\":2}", "[\"\xC3\xA9\"]"},
        {".", "\"\\u001f\x7F\\u2028\"", "\"\\u001f\x7F\xE2\x80\xA8\""},
    };
    check_rows(rows, COUNT_OF(rows));
    char deep[2 * JTEXT_DEPTH + 1];
    memset(deep, '[', JTEXT_DEPTH);
    memset(deep + JTEXT_DEPTH, ']', JTEXT_DEPTH);
    deep[sizeof deep - 1] = '\0';
    assert_string_equal(run(".", deep), deep);
    assert_string_equal(run("[.]", deep), "! render: jq: the result is nested too deeply");
    size_t size = 3u << 20;
    char *large = malloc(size + 1);
    assert_non_null(large);
    memset(large, 'x', size);
    large[0] = large[size - 1] = '"';
    large[size] = '\0';
    assert_string_equal(run("length", large), "3145726");
    assert_string_equal(run(".", large), "! too-large: jq: its result has more than 100000 bytes");
    free(large);
}

static void tells_only_whether_it_is_true(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {".", "1", "true"},
        {".", "{\"a\":1}", "true"},
        {".", "\"\"", "true"},
        {".", "false", "false"},
        {".", "null", "null"},
        {"empty", "1", "-"},
        {"[range(9e4)]", "1", "true"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *result = run_on(rows[i].program, slice_of(rows[i].input), JQ_WANTED_TRUTH);
        assert_string_equal(result, rows[i].result);
    }
}

/* What goes wrong in libjq, or goes on for ever, ends with the process it is in. The next program
 * runs as if nothing had been. */
static void survives_whatever_a_program_does(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"def f: f; f", "1", "! render: jq: it takes more than 100 ms"},
        {"def f: [f]; f", "1", "! render: jq: it takes more than "},
        {"repeat(1) | select(false)", "1", "! render: jq: it takes more than 100 ms"},
        {"[limit(1e9; repeat(1))] | length", "1", "! render: jq: it takes more than "},
        {"last(range(1e12))", "1", "! render: jq: it takes more than 100 ms"},
        {"[range(1e12)]", "1", "! render: jq: it takes more than "},
        {"test(\"^(a|a)*$\")", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
         "! render: jq: "},
        {".[1e8] = 1", "[]", OUT_OF_MEMORY},
        {"\"x\" * 1e9", "1", "! render: jq: it takes more than "},
        {"reduce range(1e6) as $i (null; [.])", "1", "! render: jq: "},
        {"reduce range(1000) as $i (null; [.])", "1",
         "! render: jq: the result is nested too deeply"},
        {"[range(1e5)]", "1", "! too-large: jq: its result has more than 100000 bytes"},
        {"match(\"\"; \"g\")", "\"\xC3\xA9\"", "! render: jq: it makes jq "},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        jq_destroy(jq);
        jq = jq_create();
        const char *result = run(rows[i].program, rows[i].input);
        if (strncmp(result, rows[i].result, strlen(rows[i].result)) != 0)
            fail_msg("%s gives %s, not %s", rows[i].program, result, rows[i].result);
        assert_string_equal(run(".a", "{\"a\":1}"), "1");
    }
}

/* Even where nobody has refused to run it. */
static void sees_nothing_but_the_event(void **state)
{
    (void)state;
    setenv("SECRET", "hush", 1);
    static const struct row rows[] = {
        {"env", "1", "{\"TZ\":\"UTC0\"}"},
        {"$ENV.SECRET", "1", "null"},
        {"input", "1", "! render: jq: break"},
        {"[inputs]", "1", "[]"},
        {"debug, stderr", "1", "1"},
        {"input_filename", "1", "null"},
        {"halt", "1", "-"},
        {"halt_error", "1", "-"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *result = run(rows[i].program, rows[i].input);
        if (strncmp(result, rows[i].result, strlen(rows[i].result)) != 0)
            fail_msg("%s gives %s, not %s", rows[i].program, result, rows[i].result);
    }
}

static void opens_no_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/jq_test.XXXXXX";
    char path[sizeof folder + 12];
    char program[100];
    size_t offset = 0;
    struct error err;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/secret.json", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("1", file);
    fclose(file);
    snprintf(program, sizeof program, "import \"secret\" as $s {search: \"%s\"}; $s", folder);
    bool compiled = jq_check(jq, slice_of(program), SLICE("{}"), &offset, &err);
    unlink(path);
    rmdir(folder);
    assert_false(compiled);
    assert_non_null(strstr(err.text, "module not found: secret"));
}

static pid_t pid_of_child(void)
{
    char path[64];
    int pid = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "r");
    assert_non_null(children);
    assert_int_equal(fscanf(children, "%d", &pid), 1);
    fclose(children);
    return pid;
}

static void begins_anew_when_its_process_has_ended(void **state)
{
    (void)state;
    siginfo_t ended;
    assert_string_equal(run(".", "1"), "1");
    pid_t first = pid_of_child();
    kill(first, SIGTERM); /* what stops the service does not stop it */
    assert_string_equal(run(".", "2"), "2");
    assert_int_equal(pid_of_child(), first);
    kill(first, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)first, &ended, WEXITED | WNOWAIT), 0);
    assert_string_equal(run(".", "3"), "3");
    assert_int_not_equal(pid_of_child(), first);
}

static void keeps_no_process_behind(void **state)
{
    (void)state;
    assert_string_equal(run(".", "1"), "1");
    pid_t pid = pid_of_child();
    jq_destroy(jq);
    assert_int_equal(kill(pid, 0), -1);
    jq = jq_create();
    assert_string_equal(run(".", "1"), "1");
}

/* More programs than are kept: each still gives its own result. */
static void forgets_programs_that_are_not_used(void **state)
{
    (void)state;
    char program[32];
    char result[32];
    for (int i = 0; i <= CHILD_PROGRAMS + 1; i++) {
        int n = i % (CHILD_PROGRAMS + 1); /* at last the first again, which has made room */
        snprintf(program, sizeof program, ". + %d", n);
        snprintf(result, sizeof result, "%d", n + 1);
        assert_string_equal(run(program, "1"), result);
    }
}

/* One that fails at each event may cost a second, and then a tenth of the time. */
static void lets_a_program_rest_that_fails_too_often(void **state)
{
    (void)state;
    static const char program[] = "last(range(1e12))";
    int64_t start_ms = clock_now_ms();
    int ran = 0;
    while (strcmp(run(program, "1"), "! render: jq: it takes more than 100 ms") == 0)
        ran++;
    assert_string_equal(run(program, "1"),
                        "! render: jq: not run; it has run over its limits too often of late");
    assert_in_range(ran, 1, 11);
    assert_true(clock_now_ms() - start_ms >= JQ_PATIENCE_MS);
    assert_string_equal(run(". + 1", "1"), "2");
    jq_destroy(jq);
    jq = jq_create();
}

static void says_what_is_wrong_with_a_program(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        size_t offset;
        const char *error; /* NULL: nothing is */
    } rows[] = {
        {".a", 0, NULL},
        {"$key | .a", 0, NULL},
        {". as $x | $x", 0, NULL},
        {"def f(x): x; f(.a)", 0, NULL},
        {".a ==", 3, "jq: syntax error: it ends too early"},
        {"foo(1)", 0, "jq: foo/1 is not defined"},
        {".a | foo", 5, "jq: foo/0 is not defined"},
        {".a |\n  .b as $x | $y", 18, "jq: $y is not defined"},
        {".a .[0]", 4, "jq: syntax error, unexpected '['"},
        {".a\n| .b c", 8, "jq: syntax error, unexpected IDENT"},
        {"\xC3\xA9 | foo", 0, "jq: syntax error: this character can't stand here"},
        {"\"\xC3\xA9\" | foo", 7, "jq: foo/0 is not defined"},
        {"if .a then 1 end", 13, "jq: syntax error, unexpected end"},
        {"{(1): 2}", 1, "jq: Cannot use number (1) as object key"},
        {"1) | (2", 1, "jq: syntax error: this character can't stand here"},
        {"break", 0, "jq: syntax error: it ends too early"},
        {"1 / 0", 0, "jq: Division by zero?"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        size_t offset = 0;
        bool fine = jq_check(jq, slice_of(rows[i].program), SLICE("{\"key\":null}"), &offset, &err);
        if (fine != !rows[i].error || offset != rows[i].offset ||
            strcmp(err.text, rows[i].error ? rows[i].error : "") != 0)
            fail_msg("%s: %zu %s", rows[i].program, offset, fine ? "fine" : err.text);
    }
}

static void compiles_within_limits(void **state)
{
    (void)state;
    size_t size = 1u << 20;
    char *program = malloc(size);
    size_t offset = 0;
    struct error err = {0};
    assert_non_null(program);
    memset(program, '(', size);
    assert_false(jq_check(jq, (struct slice){program, size}, SLICE("{}"), &offset, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    free(program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_first_result),
        cmocka_unit_test(carries_what_json_can_be),
        cmocka_unit_test(tells_only_whether_it_is_true),
        cmocka_unit_test(survives_whatever_a_program_does),
        cmocka_unit_test(sees_nothing_but_the_event),
        cmocka_unit_test(opens_no_file),
        cmocka_unit_test(begins_anew_when_its_process_has_ended),
        cmocka_unit_test(keeps_no_process_behind),
        cmocka_unit_test(forgets_programs_that_are_not_used),
        cmocka_unit_test(lets_a_program_rest_that_fails_too_often),
        cmocka_unit_test(says_what_is_wrong_with_a_program),
        cmocka_unit_test(compiles_within_limits),
    };
    return cmocka_run_group_tests(tests, create, destroy);
}
