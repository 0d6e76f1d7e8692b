#include "rendering.h"

#include "render/trace.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define ZEROS  "0000000000000000"

static void takes_a_traceparent_of_the_right_form_alone(void **state)
{
    (void)state;
    static const struct {
        struct slice value;
        bool fine;
    } rows[] = {
        {SLICE_INIT("00-" TRACE "-" PARENT "-01"), true},
        {SLICE_INIT("00-" TRACE "-" PARENT "-ff"), true},
        {SLICE_INIT("01-" TRACE "-" PARENT "-01"), true},
        {SLICE_INIT("cc-" TRACE "-" PARENT "-01-what the future will be like"), true},
        {SLICE_INIT("cc-" TRACE "-" PARENT "-01.what"), false},
        {SLICE_INIT("00-" TRACE "-" PARENT "-01-what"), false},
        {SLICE_INIT("00-" TRACE "-" PARENT "-011"), false},
        {SLICE_INIT("ff-" TRACE "-" PARENT "-01"), false},
        {SLICE_INIT("0x-" TRACE "-" PARENT "-01"), false},
        {SLICE_INIT("00-" ZEROS ZEROS "-" PARENT "-01"), false},
        {SLICE_INIT("00-" TRACE "-" ZEROS "-01"), false},
        {SLICE_INIT("00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01"), false},
        {SLICE_INIT("00-" TRACE "-" PARENT "-0"), false},
        {SLICE_INIT("00-" TRACE "-" PARENT "-0."), false},
        {SLICE_INIT("00_" TRACE "-" PARENT "-01"), false},
        {SLICE_INIT("00-" TRACE "_" PARENT "-01"), false},
        {SLICE_INIT("00-" TRACE "-" PARENT "_01"), false},
        {SLICE_INIT(" 00-" TRACE "-" PARENT "-01"), false},
        {SLICE_INIT("cc-" TRACE "-" PARENT "-01-\r\n"), false},
        {SLICE_INIT(""), false},
        {SLICE_INIT("\0"), false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (trace_parent_is_valid(rows[i].value) != rows[i].fine)
            fail_msg("%.*s", SLICE_ARGS(rows[i].value));
}

static void takes_a_tracestate_of_the_right_form_alone(void **state)
{
    (void)state;
    static const struct {
        struct slice value;
        bool fine;
    } rows[] = {
        {SLICE_INIT("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"), true},
        {SLICE_INIT("a@b=1 , \t0c/d_e-f*=x y,,"), true},
        {SLICE_INIT(""), false},
        {SLICE_INIT(" , "), false},
        {SLICE_INIT("a"), false},
        {SLICE_INIT("a="), false},
        {SLICE_INIT("=b"), false},
        {SLICE_INIT("A=b"), false},
        {SLICE_INIT("_a=b"), false},
        {SLICE_INIT("a b=c"), false},
        {SLICE_INIT("a=b=c"), false},
        {SLICE_INIT("a=\xC3\xA9"), false},
        {SLICE_INIT("a=b\r\nX: c"), false},
        {SLICE_INIT("a=\0b"), false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (trace_state_is_valid(rows[i].value) != rows[i].fine)
            fail_msg("%.*s", SLICE_ARGS(rows[i].value));
}

static void bounds_what_it_takes(void **state)
{
    (void)state;
    struct buffer members = {0};
    for (int i = 0; i < 32; i++)
        buffer_print(&members, "k%d=v,", i);
    assert_true(trace_state_is_valid(buffer_slice(&members)));
    buffer_add_text(&members, "more=v");
    assert_false(trace_state_is_valid(buffer_slice(&members)));
    buffer_clear(&members);
    buffer_add_text(&members, "a=");
    for (int i = 0; i < 256; i++)
        buffer_add_char(&members, 'x');
    assert_true(trace_state_is_valid(buffer_slice(&members)));
    buffer_add_char(&members, 'x');
    assert_false(trace_state_is_valid(buffer_slice(&members)));
    buffer_clear(&members);
    buffer_add_text(&members, "cc-" TRACE "-" PARENT "-01-");
    while (members.size < 512)
        buffer_add_char(&members, 'x');
    assert_true(trace_parent_is_valid(buffer_slice(&members)));
    buffer_add_char(&members, 'x');
    assert_false(trace_parent_is_valid(buffer_slice(&members)));
    buffer_finish(&members);
}

#define GOOD_PARENT "00-" TRACE "-" PARENT "-01"

/* Both, the first alone, or neither. */
static void a_request_carries_what_is_valid(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        const char *parent;
        const char *state;
        const char *lines; /* behind the User-Agent */
    } rows[] = {
        {"", GOOD_PARENT, "a=b", "traceparent: " GOOD_PARENT "\ntracestate: a=b\n"},
        {"", GOOD_PARENT, NULL, "traceparent: " GOOD_PARENT "\n"},
        {"", GOOD_PARENT, "a", "traceparent: " GOOD_PARENT "\n"},
        {"", "00-x", "a=b", ""},
        {"", NULL, "a=b", ""},
        {", headers: { Traceparent: own }", GOOD_PARENT, "a=b", "tracestate: a=b\n"},
        {", headers: { TraceState: own }", GOOD_PARENT, "a=b", "traceparent: " GOOD_PARENT "\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct record_header headers[] = {{SLICE("traceparent"), slice_of(rows[i].parent)},
                                                {SLICE("tracestate"), slice_of(rows[i].state)}};
        const struct record record = {.topic = "t", .headers = headers, .header_count = 2};
        struct fixture f;
        char yaml[256];
        snprintf(yaml, sizeof yaml, "request: { url: \"https://h/\", body: none%s }", rows[i].keys);
        assert_true(render(&f, yaml, &record));
        const char *agent = strstr(lines(&f.request), "User-Agent: ");
        assert_non_null(agent);
        assert_string_equal(strchr(agent, '\n') + 1, rows[i].lines);
        finish(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_traceparent_of_the_right_form_alone),
        cmocka_unit_test(takes_a_tracestate_of_the_right_form_alone),
        cmocka_unit_test(bounds_what_it_takes),
        cmocka_unit_test(a_request_carries_what_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
