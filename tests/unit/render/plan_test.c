#include "rendering.h"

static const struct record_header headers[] = {
    {SLICE_INIT("ce_id"), SLICE_INIT("a.b c\r\nd")},
    {SLICE_INIT("traceparent"),
     SLICE_INIT("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")},
    {SLICE_INIT("tracestate"), SLICE_INIT("a=b,c@d=\"e\"")},
};

static struct record record = {
    .topic = "orders.v1",
    .partition = 3,
    .offset = 17,
    .timestamp_ms = 1764000000123,
    .key = SLICE_INIT("k/1"),
    .headers = headers,
    .header_count = COUNT_OF(headers),
    .value = SLICE_INIT(" {\"tenant\":\"a/../b?c#d\",\"up\":\"..\",\"dot\":\".\",\"nil\":null,"
                        "\"data\":{\"amount\":41.10,\"invoice\":\"INV 1\",\"list\":[1, 2]},"
                        "\"lines\":\"x\\r\\nHost: evil\",\"quote\":\"say \\\"hi\\\"\"} "),
};

#define AGENT "User-Agent: grapnel/" GRAPNEL_VERSION "\n"
#define TRACE                                                                                      \
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n"                       \
    "tracestate: a=b,c@d=\"e\"\n"

static void posts_the_event_as_published(void **state)
{
    (void)state;
    struct fixture f;
    assert_true(render(&f, "request: { url: \"https://h/x\" }", &record));
    assert_string_equal(f.request.method, "POST");
    assert_string_equal(buffer_text(&f.request.url), "https://h/x");
    assert_string_equal(buffer_text(&f.request.id), "orders_v1-3-17");
    assert_ptr_equal(f.request.body.data, record.value.data);
    assert_int_equal(f.request.body.size, record.value.size);
    assert_string_equal(lines(&f.request), AGENT "Content-Type: application/json\n" TRACE);
    finish(&f);
}

static void encodes_values_in_the_url_and_query(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *url;
    } rows[] = {
        {"url: \"https://h/{{ .tenant }}/hook\"", "https://h/a%2F..%2Fb%3Fc%23d/hook"},
        {"url: \"https://h/{{ $key }}\"", "https://h/k%2F1"},
        {"url: \"https://h/?t={{ .tenant }}\"", "https://h/?t=a%2F..%2Fb%3Fc%23d"},
        {"url: \"https://h//x{{ .nil }}/?a=/{{ .nil }}\"", "https://h//x/?a=/"},
        {"url: \"https://h/{{ .nil }}{{ .dot }}a{{ .nil }}?{{ .nil }}\"", "https://h/.a?"},
        {"url: \"https://h/{{{ $key }}}/{{ $key }}\"", "https://h/k/1/k%2F1"},
        {"url: \"https://h/{{{.data.invoice}}}?q={{{ $key }}}\"", "https://h/INV%201?q=k/1"},
        {"url: \"https://h/{{{ .gone // \\\"a/b}}}?c#d\\\" }}}\"",
         "https://h/a/b%7D%7D%7D%3Fc%23d"},
        {"url: \"https://h/a{{ .up }}\"", "https://h/a.."},
        {"url: \"https://h/?up=/{{ .up }}/\"", "https://h/?up=/../"},
        {"{ url: \"https://h\", query: { a: b } }", "https://h?a=b"},
        {"{ url: \"https://h/x?a=1\", query: { b: 2, c: \"\" } }", "https://h/x?a=1&b=2&c="},
        {"{ url: \"https://h/x?\", query: { b: 2 } }", "https://h/x?b=2"},
        {"{ url: \"https://h/x?a&\", query: { b: 2 } }", "https://h/x?a&b=2"},
        {"{ url: \"https://h/\", query: { Amount: \"${{ .data.amount }}\", "
         "Invoice: \"{{ .data.invoice }}\", \"a b\": \"{{ .data.list }}\" } }",
         "https://h/?Amount=%2441.10&Invoice=INV%201&a%20b=%5B1%2C%202%5D"},
        {"{ url: \"https://h/\", query: { x: \"{{ .gone // \\\"none & more\\\" }}\" } }",
         "https://h/?x=none%20%26%20more"},
        {"{ url: \"https://h/\", query: { id: \"{{ $id }}\", t: \"{{ $timestamp }}\" } }",
         "https://h/?id=orders_v1-3-17&t=1764000000123"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[512];
        snprintf(yaml, sizeof yaml, rows[i].request[0] == '{' ? "request: %s" : "request: { %s }",
                 rows[i].request);
        if (!render(&f, yaml, &record))
            fail_msg("%s: %s", yaml, f.err.text);
        assert_string_equal(buffer_text(&f.request.url), rows[i].url);
        finish(&f);
    }
}

static void refuses_to_render_what_would_lead_elsewhere(void **state)
{
    (void)state;
#define EMPTY "url: an empty value leaves a path segment empty"
    static const struct {
        const char *yaml;
        enum error_kind kind;
        const char *error;
    } rows[] = {
        {"request: { url: \"https://h/{{ .up }}/x\" }", ERROR_RENDER,
         "url: a segment of the path would be . or .."},
        {"request: { url: \"https://h/{{ .dot }}{{ .dot }}\" }", ERROR_RENDER,
         "url: a segment of the path would be . or .."},
        {"request: { url: \"https://h/{{ .dot }}?x\" }", ERROR_RENDER,
         "url: a segment of the path would be . or .."},
        {"request: { url: \"https://h/{{{ .tenant }}}\" }", ERROR_RENDER,
         "url: a segment of the path would be . or .."},
        {"request: { url: \"https://h/x/{{{ .up }}}\" }", ERROR_RENDER,
         "url: a segment of the path would be . or .."},
        {"request: { url: \"https://h/{{ .nil }}/x\" }", ERROR_RENDER, EMPTY},
        {"request: { url: \"https://h/orders/{{ .gone // \\\"\\\" }}\" }", ERROR_RENDER, EMPTY},
        {"request: { url: \"https://h/{{ .nil }}{{ .nil }}?a\" }", ERROR_RENDER, EMPTY},
        {"request: { url: \"https://h/a/{{{ .nil }}}\", query: { a: b } }", ERROR_RENDER, EMPTY},
        {"request: { url: \"https://h/{{{ .gone }}}\" }", ERROR_RENDER, "url: missing field .gone"},
        {"request: { url: \"https://h/{{ .gone }}\" }", ERROR_RENDER, "url: missing field .gone"},
        {"request: { url: \"https://h/\", query: { Amount: \"{{ .data.gone }}\" } }", ERROR_RENDER,
         "query.Amount: missing field .data.gone"},
        {"request: { url: \"https://h/\", headers: { X-T: \"{{ .tenant.x }}\" } }", ERROR_RENDER,
         "headers.X-T: .tenant.x: cannot index string with \"x\""},
        {"request: { url: \"https://h/\", body: { json: { a: [1, \"{{ .gone }}\"] } } }",
         ERROR_RENDER, "body.json.a[1]: missing field .gone"},
        {"request: { url: \"https://h/\", body: { form: { a: \"{{ .gone }}\" } } }", ERROR_RENDER,
         "body.form.a: missing field .gone"},
        {"request: { url: \"https://h/\", body: { text: \"{{ .gone }}\" } }", ERROR_RENDER,
         "body.text: missing field .gone"},
        {"id: \"{{ .gone }}\"\nrequest: { url: \"https://h/\" }", ERROR_RENDER,
         "id: missing field .gone"},
        {"id: \"{{ .nil }}\"\nrequest: { url: \"https://h/\" }", ERROR_RENDER, "id: it is empty"},
        {"request: { url: \"https://h/\" }\ndelivery: { max_body: 20B }", ERROR_TOO_LARGE,
         "delivery.max_body: the body has more than 20 bytes"},
        {"request: { url: \"https://h/\", body: { text: \"{{ . }}\" } }\ndelivery: { max_body: 20B "
         "}",
         ERROR_TOO_LARGE, "delivery.max_body: the body has more than 20 bytes"},
        {"request: { url: \"https://h/\", body: { text: \"x\" } }\ndelivery: { max_body: 0B }",
         ERROR_TOO_LARGE, "delivery.max_body: the body has more than 0 bytes"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        if (render(&f, rows[i].yaml, &record))
            fail_msg("%s was rendered", rows[i].yaml);
        assert_string_equal(f.err.text, rows[i].error);
        assert_int_equal(f.err.kind, rows[i].kind);
        finish(&f);
    }
}

static void bounds_the_url_headers_and_id(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *error;
    } rows[] = {
        {"request: { url: \"https://h/{{ . }}\" }", "url: more than 65536 bytes"},
        {"request: { url: \"https://h/\", headers: { X: \"{{ . }}\" } }",
         "headers: more than 65536 bytes"},
        {"id: \"{{ . }}\"\nrequest: { url: \"https://h/\" }", "id: more than 1024 bytes"},
    };
    size_t size = 70000;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    text[0] = text[size - 1] = '"';
    struct record large = {.topic = "t", .value = {text, size}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        assert_false(render(&f, rows[i].yaml, &large));
        assert_string_equal(f.err.text, rows[i].error);
        assert_int_equal(f.err.kind, ERROR_RENDER);
        finish(&f);
    }
    free(text);
}

/* What names the event then is its position, and not what the expression came to so far. */
static void leaves_no_id_where_none_could_be_made(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *id;
    } rows[] = {
        {"id: \"{{ .gone }}\"\n", ""},
        {"id: \"a-{{ .gone }}-b\"\n", ""},
        {"id: \"{{ .tenant }}-{{ .gone }}\"\n", ""},
        {"id: \"{{ $topic }}{{ .tenant.x }}\"\n", ""},
        {"id: \"a-{{ [range(1000)] | join(\\\"-\\\") }}\"\n", ""},
        {"id: \"a-{{ .dot }}\"\n", "a-_"}, /* it is the URL that can't be made */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[256];
        snprintf(yaml, sizeof yaml, "%srequest: { url: \"https://h/{{ .gone }}\" }", rows[i].yaml);
        assert_false(render(&f, yaml, &record));
        assert_int_equal(f.err.kind, ERROR_RENDER);
        assert_string_equal(buffer_text(&f.request.id), rows[i].id);
        finish(&f);
    }
}

static void makes_the_id(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *namespace;
        const char *id;
    } rows[] = {
        {"", NULL, "orders_v1-3-17"},
        {"", "", "orders_v1-3-17"},
        {"", "eu.1", "eu_1-orders_v1-3-17"},
        {"id: \"{{ $headers.ce_id }}\"\n", "eu", "a_b_c__d"},
        {"id: \"{{ $topic }}.{{ $offset }}\"\n", NULL, "orders_v1_17"},
        {"id: fixed\n", NULL, "fixed"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[256];
        snprintf(yaml, sizeof yaml, "%srequest: { url: \"https://h/\" }", rows[i].yaml);
        compile(&f, yaml, rows[i].namespace);
        assert_non_null(f.plan);
        assert_true(event_decode(&record, FORMAT_AUTO, &f.ev, NULL));
        assert_true(plan_render(f.plan, &f.ev, jq, &f.request, NULL));
        assert_string_equal(buffer_text(&f.request.id), rows[i].id);
        finish(&f);
    }
}

static void writes_headers_that_stay_one_line_each(void **state)
{
    (void)state;
    struct fixture f;
    assert_true(render(&f,
                       "request:\n"
                       "  url: https://h/\n"
                       "  headers:\n"
                       "    X-Lines: \"{{ .lines }}\"\n"
                       "    user-agent: mine/1\n"
                       "    content-type: application/vnd.order+json\n"
                       "    Traceparent: \"{{ $key }}\"\n"
                       "    X-Fixed: \"a b\"\n",
                       &record));
    assert_string_equal(lines(&f.request), "X-Lines: x  Host: evil\n"
                                           "user-agent: mine/1\n"
                                           "content-type: application/vnd.order+json\n"
                                           "Traceparent: k/1\n"
                                           "X-Fixed: a b\n"
                                           "tracestate: a=b,c@d=\"e\"\n");
    finish(&f);
}

static void makes_each_kind_of_body(void **state)
{
    (void)state;
    static const struct {
        const char *request; /* beside the url */
        const char *method;
        const char *type; /* NULL: no Content-Type */
        const char *body; /* NULL: none */
    } rows[] = {
        {"method: GET", "GET", NULL, NULL},
        {"{ method: GET, body: { text: x } }", "GET", "text/plain; charset=utf-8", "x"},
        {"body: none", "POST", NULL, NULL},
        {"{ method: PUT, body: { text: \"{{ .data.invoice }}: {{ .data.list }}{{ .nil }}\\n\" } }",
         "PUT", "text/plain; charset=utf-8", "INV 1: [1, 2]\n"},
        {"body: { form: { a b: \"{{ .data.invoice }}\", c: 7, d: \"x&y={{ $key }}\" } }", "POST",
         "application/x-www-form-urlencoded", "a+b=INV+1&c=7&d=x%26y%3Dk%2F1"},
        {"body: { form: {} }", "POST", "application/x-www-form-urlencoded", ""},
        {"{ method: PATCH, body: { json: { amount: \"{{ .data.amount }}\", text: \"{{ .quote "
         "}}!\", "
         "same: \"{{ .quote }}\", nil: \"{{ .nil }}\", list: \"{{ .data.list }}\", "
         "key: \"{{ $key }}\", at: \"{{ $timestamp }}\" } } }",
         "PATCH", "application/json",
         "{\"amount\":41.10,\"text\":\"say \\\"hi\\\"!\",\"same\":\"say \\\"hi\\\"\",\"nil\":null,"
         "\"list\":[1, 2],\"key\":\"k/1\",\"at\":1764000000123}"},
        {"body: { json: [1, 41.10, 0x1F, .5, true, null, ~, \"7\", no, \"q\\\"\", {}, [], "
         "{\"a\\nb\": []}] }",
         "POST", "application/json",
         "[1,41.10,31,0.5,true,null,null,\"7\",\"no\",\"q\\\"\",{},[],{\"a\\nb\":[]}]"},
        {"body: { json: \"{{ .data }}\" }", "POST", "application/json",
         "{\"amount\":41.10,\"invoice\":\"INV 1\",\"list\":[1, 2]}"},
        {"body: { json: \" {{ .data.amount }}\" }", "POST", "application/json", "\" 41.10\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[512];
        struct slice fields = slice_of(rows[i].request);
        if (fields.data[0] == '{')
            fields = (struct slice){fields.data + 1, fields.size - 2};
        snprintf(yaml, sizeof yaml, "request: { url: \"https://h/\", %.*s }", SLICE_ARGS(fields));
        if (!render(&f, yaml, &record))
            fail_msg("%s: %s", yaml, f.err.text);
        assert_string_equal(f.request.method, rows[i].method);
        assert_int_equal(!f.request.body.data, !rows[i].body);
        if (rows[i].body && !slice_is(f.request.body, rows[i].body))
            fail_msg("%s gives %.*s", yaml, SLICE_ARGS(f.request.body));
        char type[128];
        snprintf(type, sizeof type, "Content-Type: %s\n", rows[i].type ? rows[i].type : "");
        if (!strstr(lines(&f.request), type) != !rows[i].type)
            fail_msg("%s: %s", yaml, lines(&f.request));
        finish(&f);
    }
}

static void types_the_event_by_its_form(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        struct slice value;
        const char *lines;
    } rows[] = {
        {"format: text", SLICE_INIT("hi"), AGENT "Content-Type: text/plain; charset=utf-8\n"},
        {"format: binary", SLICE_INIT("\xFF"), AGENT "Content-Type: application/octet-stream\n"},
        {"format: json", SLICE_INIT("1"), AGENT "Content-Type: application/json\n"},
        {"tombstones: deliver", {NULL, 0}, AGENT},
        {"format: text", SLICE_INIT(""), AGENT},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[256];
        struct record rec = {.topic = "t", .value = rows[i].value};
        snprintf(yaml, sizeof yaml, "%s\nrequest: { url: \"https://h/\" }", rows[i].yaml);
        assert_true(render(&f, yaml, &rec));
        assert_string_equal(lines(&f.request), rows[i].lines);
        assert_true(slice_equal(f.request.body, rows[i].value));
        finish(&f);
    }
}

static void runs_jq_wherever_an_expression_may_stand(void **state)
{
    (void)state;
    struct fixture f;
    assert_true(render(&f,
                       "id: \"{{ [$topic, $offset] | map(tostring) | join(\\\"+\\\") }}\"\n"
                       "request:\n"
                       "  url: \"https://h/{{ .data | keys | join(\\\"/\\\") }}\"\n"
                       "  query: { n: \"{{ .data.list | add }}\" }\n"
                       "  headers: { X: \"{{ .lines | ascii_upcase | . + $key }}\" }\n"
                       "  body:\n"
                       "    json:\n"
                       "      list: \"{{ [.data.list[] | . * 10] }}\"\n"
                       "      text: \"sum {{ .data.list | add }}\"\n"
                       "      nil: \"{{ [] | first }}\"\n",
                       &record));
    assert_true(slice_is(buffer_slice(&f.request.id), "orders_v1+17"));
    assert_true(slice_is(buffer_slice(&f.request.url), "https://h/amount%2Finvoice%2Flist?n=3"));
    assert_non_null(strstr(lines(&f.request), "X: X  HOST: EVILk/1"));
    assert_true(slice_is(f.request.body, "{\"list\":[10,20],\"text\":\"sum 3\",\"nil\":null}"));
    finish(&f);
}

static void sends_what_a_program_makes(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *body;
    } rows[] = {
        {"jq: .data", "{\"amount\":41.10,\"invoice\":\"INV 1\",\"list\":[1, 2]}"},
        {"jq: '{amount: .data.amount, key: $key}'", "{\"amount\":41.1,\"key\":\"k/1\"}"},
        {"jq: \"$topic\"", "\"orders.v1\""},
        {"jq: |\n    # first the list\n    .data.list[] |\n    . + 1\n", "2"},
        {"jq: 'null'", "null"},
        {"jq: empty", "! body.jq: no result of empty"},
        {"jq: .gone", "! body.jq: missing field .gone"},
        {"jq: error(.up)", "! body.jq: jq: .."},
        {"jq: '[range(1000)]'", "! body.jq: jq: its result has more than 300 bytes"},
        {"jq: '[.tenant, \"{{ .x }}\"]'", "[\"a/../b?c#d\",\"{{ .x }}\"]"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[512];
        snprintf(yaml, sizeof yaml,
                 "delivery: { max_body: 300B }\nrequest:\n  url: https://h/\n  body:\n   %s\n",
                 rows[i].yaml);
        bool rendered = render(&f, yaml, &record);
        if (rendered != (*rows[i].body != '!') ||
            (rendered ? !slice_is(f.request.body, rows[i].body)
                      : strcmp(f.err.text, rows[i].body + 2) != 0))
            fail_msg("%s: %.*s", rows[i].yaml,
                     SLICE_ARGS(rendered ? f.request.body : slice_of(f.err.text)));
        if (rendered)
            assert_non_null(strstr(lines(&f.request), "Content-Type: application/json"));
        finish(&f);
    }
}

static void reports_every_mistake_at_its_place(void **state)
{
    (void)state;
    struct fixture f;
    compile(&f,
            "id: \"{{ $id }}\"\n"
            "request:\n"
            "  url: \"https://h/{{ .a | foo }}\"\n"
            "  query: { q: \"{{ $nope }}\" }\n"
            "  headers: { X: \"{{ .a\" }\n"
            "  body:\n"
            "    json:\n"
            "      deep: [\"{{ .a == }}\"]\n"
            "      block: |-\n"
            "        a {{ .a\n"
            "          | $nope.b }}\n",
            NULL);
    assert_null(f.plan);
    static const struct {
        unsigned line;
        unsigned column;
        const char *message;
    } rows[] = {
        {3, 5, "id: $id can't be made of itself"},
        {5, 27, "url: jq: foo/0 is not defined: {{ .a | foo }}"},
        {6, 19,
         "query.q: there are the variables $key $topic $partition $offset $timestamp $id $type "
         "$headers, but no $nope: {{ $nope }}"},
        {7, 18, "headers.X: {{ without its }}"},
        {10, 21, "body.json.deep[0]: jq: syntax error: it ends too early: {{ .a == }}"},
        {13, 13,
         "body.json.block: there are the variables $key $topic $partition $offset $timestamp $id "
         "$type $headers, but no $nope: {{ .a   | $nope.b }}"},
    };
    problems_sort(&f.problems);
    assert_int_equal(f.problems.count, COUNT_OF(rows));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_string_equal(f.problems.items[i].message, rows[i].message);
        assert_int_equal(f.problems.items[i].at.line, rows[i].line);
        assert_int_equal(f.problems.items[i].at.column, rows[i].column);
        assert_string_equal(f.problems.items[i].at.file, "s.yaml");
    }
    finish(&f);
}

/* Also what config/ reports, once. */
static void reports_a_mistake_in_a_body_once(void **state)
{
    (void)state;
#define NAME "a name can't hold an expression; body: { jq: … } can make one"
    static const struct {
        const char *request;
        const char *message;
    } rows[] = {
        {"query: { \"{{ .a }}\": b }", "query: " NAME},
        {"body: { form: { \"x{{ .a }}\": b } }", "body.form: " NAME},
        {"body: { json: { a: [{ \"{{ .a }}\": b }] } }", "body.json.a[0]: " NAME},
        {"body: { json: { a: [.inf] } }", "json: JSON has no number for \".inf\""},
        {"body: { jq: [.a] }", "jq: a program is needed, not a list"},
        {"body: { jq: null }", "jq: a program is needed, not null"},
        {"body: { text: [a] }", "text: a text is needed, not a list"},
        {"body: { form: [a] }", "form: a mapping of names and texts is needed, not a list"},
        {"body: { form: { a: [] } }", "form: a: a text is needed, not a list"},
        {"body: { xml: [a] }", "xml: a mapping with one key, the root, is needed, not a list"},
        {"body: { cloudevents: [a] }", "cloudevents: binary or structured is needed, not a list"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[256];
        snprintf(yaml, sizeof yaml, "request: { url: \"https://h/\", %s }", rows[i].request);
        compile(&f, yaml, NULL);
        if (f.problems.count != 1)
            fail_msg("%s: %zu problems: %s", rows[i].request, f.problems.count,
                     f.problems.count ? f.problems.items[0].message : "");
        assert_string_equal(f.problems.items[0].message, rows[i].message);
        finish(&f);
    }
}

static void names_the_column_where_the_file_holds_the_text_as_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        unsigned line;
        unsigned column;
    } rows[] = {
        {"id: x{{ $x }}\n", 3, 9},
        {"id: 'x{{ $x }}'\n", 3, 10},
        {"id: \"\xC3\xA9\xC3\xA9${{ $x }}\"\n", 3, 12},
        {"id: \"\\x61{{ $x }}\"\n", 3, 5}, /* an escape: the scalar's place */
        {"id: \"a\n  {{ $x }}\"\n", 3, 5},
        {"id: >-\n  {{ $x }}\n", 3, 5},
        {"id: |-\n  {{ $x }}\n", 4, 6},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[256];
        snprintf(yaml, sizeof yaml, "%srequest: { url: \"https://h/\" }", rows[i].yaml);
        compile(&f, yaml, NULL);
        assert_int_equal(f.problems.count, 1);
        assert_int_equal(f.problems.items[0].at.line, rows[i].line);
        assert_int_equal(f.problems.items[0].at.column, rows[i].column);
        finish(&f);
    }
}

/* One request is used for delivery after delivery: nothing of the last one may stay. */
static void leaves_nothing_behind_in_a_reused_request(void **state)
{
    (void)state;
    struct fixture first;
    struct fixture second;
    assert_true(render(&first,
                       "request: { url: \"https://long.example.com/{{ $key }}\", "
                       "headers: { A: b }, body: { text: \"{{ .quote }}\" } }",
                       &record));
    compile(&second, "request: { url: \"https://h\", body: none }", NULL);
    assert_true(plan_render(second.plan, &first.ev, jq, &first.request, NULL));
    assert_string_equal(buffer_text(&first.request.url), "https://h");
    assert_string_equal(lines(&first.request), AGENT TRACE);
    assert_null(first.request.body.data);
    finish(&first);
    finish(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_the_event_as_published),
        cmocka_unit_test(encodes_values_in_the_url_and_query),
        cmocka_unit_test(refuses_to_render_what_would_lead_elsewhere),
        cmocka_unit_test(bounds_the_url_headers_and_id),
        cmocka_unit_test(leaves_no_id_where_none_could_be_made),
        cmocka_unit_test(makes_the_id),
        cmocka_unit_test(writes_headers_that_stay_one_line_each),
        cmocka_unit_test(makes_each_kind_of_body),
        cmocka_unit_test(types_the_event_by_its_form),
        cmocka_unit_test(runs_jq_wherever_an_expression_may_stand),
        cmocka_unit_test(sends_what_a_program_makes),
        cmocka_unit_test(reports_every_mistake_at_its_place),
        cmocka_unit_test(reports_a_mistake_in_a_body_once),
        cmocka_unit_test(names_the_column_where_the_file_holds_the_text_as_it_is),
        cmocka_unit_test(leaves_nothing_behind_in_a_reused_request),
    };
    return cmocka_run_group_tests(tests, create_jq, destroy_jq);
}
