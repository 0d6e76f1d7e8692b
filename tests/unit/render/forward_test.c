#include "rendering.h"

static const struct record_header headers[] = {
    {SLICE_INIT("x-tenant"), SLICE_INIT("first")},
    {SLICE_INIT("X-Trace-Id"), SLICE_INIT("t1")},
    {SLICE_INIT("x-trace-flags"), SLICE_INIT("a\r\nHost: evil\tb")},
    {SLICE_INIT("X-Tenant"), SLICE_INIT("last")},
    {SLICE_INIT("x-tenant"), {NULL, 0}},
    {SLICE_INIT("x-bytes"), SLICE_INIT("\xFF\x01")},
    {SLICE_INIT("x-empty"), SLICE_INIT("")},
    {SLICE_INIT("x bad"), SLICE_INIT("no name")},
    {SLICE_INIT("x-a: b\r\nEvil"), SLICE_INIT("no name either")},
    {SLICE_INIT(""), SLICE_INIT("nor this")},
    {SLICE_INIT("Authorization"), SLICE_INIT("Bearer theirs")},
    {SLICE_INIT("X-Key"), SLICE_INIT("theirs")},
    {SLICE_INIT("Content-Length"), SLICE_INIT("5")},
    {SLICE_INIT("content-encoding"), SLICE_INIT("br")},
    {SLICE_INIT("transfer-encoding"), SLICE_INIT("chunked")},
    {SLICE_INIT("host"), SLICE_INIT("evil")},
    {SLICE_INIT("WEBHOOK-SIGNATURE"), SLICE_INIT("v1,theirs")},
    {SLICE_INIT("webhook-anything"), SLICE_INIT("x")},
    {SLICE_INIT("grapnel-id"), SLICE_INIT("x")},
    {SLICE_INIT("User-Agent"), SLICE_INIT("theirs")},
    {SLICE_INIT("Proxy-Authorization"), SLICE_INIT("x")},
    {SLICE_INIT("traceparent"), SLICE_INIT("nonsense")},
    {SLICE_INIT("ce-id"), SLICE_INIT("theirs")},
};

static const struct record record = {
    .topic = "t", .headers = headers, .header_count = COUNT_OF(headers), .value = SLICE_INIT("1")};

static void forwards_what_is_listed(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        const char *lines; /* behind the User-Agent */
    } rows[] = {
        {"url: \"https://h/\", body: none", ""},
        {"url: \"https://h/\", body: none, forward_headers: [x-tenant]", "X-Tenant: last\n"},
        {"url: \"https://h/\", body: none, forward_headers: [X-TENANT, \"x-trace-*\"]",
         "X-Tenant: last\nx-trace-flags: a  Host: evil\tb\nX-Trace-Id: t1\n"},
        {"url: \"https://h/\", body: none, forward_headers: [x-bytes, x-empty]",
         "x-empty: \nx-bytes: /wE=\n"},
        {"url: \"https://h/\", body: none, headers: { x-TENANT: ours }, forward_headers: [x-ten*]",
         ""},
        {"url: \"https://h/\", body: none, forward_headers: [\"*\"]",
         "ce-id: theirs\nX-Key: theirs\nAuthorization: Bearer theirs\nx-empty: \nx-bytes: /wE=\n"
         "X-Tenant: last\nx-trace-flags: a  Host: evil\tb\nX-Trace-Id: t1\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[256];
        snprintf(yaml, sizeof yaml, "request: { %s }", rows[i].keys);
        if (!render(&f, yaml, &record))
            fail_msg("%s: %s", yaml, f.err.text);
        const char *agent = strstr(lines(&f.request), "User-Agent: grapnel");
        assert_non_null(agent);
        assert_string_equal(strchr(agent, '\n') + 1, rows[i].lines);
        finish(&f);
    }
}

/* Twice the same header with different values: a receiver might believe the record's. */
static void never_what_auth_or_the_body_sends(void **state)
{
    (void)state;
    struct fixture f;
    assert_true(render(&f,
                       "request: { url: \"https://h/\", body: { cloudevents: binary }, "
                       "forward_headers: [\"*\"] }\n"
                       "auth: { bearer: s3cret, api_key: { header: x-key, value: s3cret } }",
                       &record));
    assert_null(strstr(lines(&f.request), "theirs"));
    assert_non_null(strstr(lines(&f.request), "ce-id: t-0-0\n"));
    finish(&f);
}

static void refuses_a_record_with_too_many(void **state)
{
    (void)state;
    for (size_t count = 1000; count <= 1001; count++) {
        struct record_header *many = calloc(count, sizeof *many);
        assert_non_null(many);
        for (size_t i = 0; i < count; i++)
            many[i] = (struct record_header){SLICE("x-a"), SLICE("b")};
        const struct record rec = {.topic = "t", .headers = many, .header_count = count};
        struct fixture f;
        bool made = render(
            &f, "request: { url: \"https://h/\", body: none, forward_headers: [x-a] }", &rec);
        assert_int_equal(made, count == 1000);
        if (!made)
            assert_string_equal(f.err.text,
                                "forward_headers: the record has more than 1000 headers");
        finish(&f);
        free(many);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forwards_what_is_listed),
        cmocka_unit_test(never_what_auth_or_the_body_sends),
        cmocka_unit_test(refuses_a_record_with_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
