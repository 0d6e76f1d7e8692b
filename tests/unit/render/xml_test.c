#include "rendering.h"

#include <libxml/parser.h>

static struct record record = {
    .topic = "orders",
    .partition = 3,
    .offset = 17,
    .value =
        SLICE_INIT("{\"id\":12345678901234567890,\"amount\":41.10,\"nil\":null,\"yes\":true,"
                   "\"name\":\"A <b> & \\\"c\\\"\\u0001\\r\\n\\ud800\",\"none\":[],"
                   "\"tags\":[\"a\",\"<b>\",[\"c\",null],{\"x\":1}],"
                   "\"buyer\":{\"@id\":7,\"name\":\"Zo\xC3\xAB\",\"\\u00e9\":{\"a\":[1,2]},"
                   "\"@vip\":true},"
                   "\"noted\":{\"#text\":\"a&b\",\"@lang\":\"\\\"e<n\\\"\",\"@lang\":\"de\\t\"},"
                   "\"bad\":{\"a b\":1},\"deep\":{\"ok\":[{\"1st\":2}]},"
                   "\"badattr\":{\"@a:b\":1},\"ns\":{\"@xmlns\":\"urn:x\"},\"empty\":{}}"),
};

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* Does libxml2 take it, with what it holds about namespaces? */
static bool is_well_formed(struct slice document)
{
    xmlParserCtxtPtr context = xmlNewParserCtxt();
    xmlDocPtr read = xmlCtxtReadMemory(context, document.data, (int)document.size, NULL, NULL,
                                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                           XML_PARSE_HUGE);
    bool fine = read && context->wellFormed && context->nsWellFormed;
    xmlFreeDoc(read);
    xmlFreeParserCtxt(context);
    return fine;
}

static bool render_xml(struct fixture *f, const char *tree, const struct record *rec)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml, "request: { url: \"https://h/\", body: { xml: %s } }", tree);
    return render(f, yaml, rec);
}

static void makes_a_document_of_the_tree(void **state)
{
    (void)state;
    static const struct {
        const char *tree;
        const char *document;
    } rows[] = {
        {"{ order: }", "<order></order>"},
        {"{ order: {} }", "<order></order>"},
        {"{ order: x & y }", "<order>x &amp; y</order>"},
        {"{ order: { id: 7, total: 41.10, paid: true, note: ~, text: \"\" } }",
         "<order><id>7</id><total>41.10</total><paid>true</paid><note></note><text></text></"
         "order>"},
        {"{ order: { line: [1, { sku: a }, ~, []], none: [] } }",
         "<order><line>1</line><line><sku>a</sku></line><line></line></order>"},
        {"{ order: { \"@id\": \"a\\\"b<\\n\", \"#text\": \"c\\\"<\", b: 1, \"@z\": 2, \"@n\": } }",
         "<order id=\"a&quot;b&lt;&#10;\" z=\"2\" n=\"\">c\"&lt;<b>1</b></order>"},
        {"{ \"s:Envelope\": { \"@xmlns:s\": \"http://schemas.xmlsoap.org/soap/envelope/\", "
         "\"s:Body\": "
         "{ \"@xml:lang\": en } } }",
         "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">"
         "<s:Body xml:lang=\"en\"></s:Body></s:Envelope>"},
        {"{ a: { \"@xmlns\": \"urn:x\", Stra\xC3\x9F"
         "e: 1 } }",
         "<a xmlns=\"urn:x\"><Stra\xC3\x9F"
         "e>1</Stra\xC3\x9F"
         "e></a>"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char document[1024];
        if (!render_xml(&f, rows[i].tree, &record))
            fail_msg("%s: %s", rows[i].tree, f.err.text);
        snprintf(document, sizeof document, HEAD "%s", rows[i].document);
        if (!slice_is(f.request.body, document))
            fail_msg("%s gives %.*s", rows[i].tree, SLICE_ARGS(f.request.body));
        assert_true(is_well_formed(f.request.body));
        assert_non_null(strstr(lines(&f.request), "Content-Type: application/xml\n"));
        finish(&f);
    }
}

static void puts_the_events_values_in_it(void **state)
{
    (void)state;
    static const struct {
        const char *tree;
        const char *document;
    } rows[] = {
        {"{ a: \"{{ .id }}\" }", "<a>12345678901234567890</a>"},
        {"{ a: \"{{ .nil }}\" }", "<a></a>"},
        {"{ a: \"{{ .gone // \\\"<none>\\\" }}\" }", "<a>&lt;none&gt;</a>"},
        {"{ a: { b: \"{{ \\\"<c>\\\" }}\", c: \"{{ null }}\" } }",
         "<a><b>&lt;c&gt;</b><c></c></a>"},
        {"{ a: { n: \"{{ .amount }}\", y: \"{{ .yes }}\", t: \"{{ $topic }}/{{ $offset }}\" } }",
         "<a><n>41.10</n><y>true</y><t>orders/17</t></a>"},
        {"{ a: \"{{ .name }}\" }", "<a>A &lt;b&gt; &amp; \"c\"\xEF\xBF\xBD&#13;\n\xEF\xBF\xBD</a>"},
        {"{ a: { \"@n\": \"{{ .name }}\", \"#text\": \"{{ .tags }}\" } }",
         "<a n=\"A &lt;b&gt; &amp; &quot;c&quot;\xEF\xBF\xBD&#13;&#10;\xEF\xBF\xBD\">"
         "[\"a\",\"&lt;b&gt;\",[\"c\",null],{\"x\":1}]</a>"},
        {"{ a: { tag: \"{{ .tags }}\", none: \"{{ .none }}\", b: 1 } }",
         "<a><tag>a</tag><tag>&lt;b&gt;</tag><tag>c</tag><tag></tag><tag><x>1</x></tag><b>1</b></"
         "a>"},
        {"{ a: \"{{ .buyer }}\" }",
         "<a id=\"7\" "
         "vip=\"true\"><name>Zo\xC3\xAB</name><\xC3\xA9><a>1</a><a>2</a></\xC3\xA9></a>"},
        {"{ a: { b: [\"{{ .buyer.name }}\", \"{{ .tags[0] }}\"] } }",
         "<a><b>Zo\xC3\xAB</b><b>a</b></a>"},
        {"{ a: { note: \"{{ .noted }}\" } }", "<a><note lang=\"de&#9;\">a&amp;b</note></a>"},
        {"{ a: \"{{ .empty }}\" }", "<a></a>"},
        {"{ a: \" {{ .tags[3] }}\" }", "<a> {\"x\":1}</a>"},
        {"{ a: \"{{ $headers }}\" }", "<a></a>"},
        {"{ a: { k: \"{{ $key }}\", t: \"{{ $type }}\" } }", "<a><k></k><t>orders</t></a>"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char document[1024];
        if (!render_xml(&f, rows[i].tree, &record))
            fail_msg("%s: %s", rows[i].tree, f.err.text);
        snprintf(document, sizeof document, HEAD "%s", rows[i].document);
        if (!slice_is(f.request.body, document))
            fail_msg("%s gives %.*s", rows[i].tree, SLICE_ARGS(f.request.body));
        assert_true(is_well_formed(f.request.body));
        finish(&f);
    }
}

static void says_where_an_event_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *tree;
        const char *error;
    } rows[] = {
        {"{ a: { b: [1, \"{{ .gone }}\"] } }", "body.xml.a.b[1]: missing field .gone"},
        {"{ a: { \"@b\": \"{{ .gone }}\" } }", "body.xml.a.@b: missing field .gone"},
        {"{ a: { \"#text\": \"{{ .gone }}\" } }", "body.xml.a.#text: missing field .gone"},
        {"{ a: \"{{ .id.x }}\" }", "body.xml.a: .id.x: cannot index number with \"x\""},
        {"{ a: \"{{ .tags }}\" }", "body.xml.a: the root is one element, not a list"},
        {"{ a: { b: \"{{ .bad }}\" } }", "body.xml.a.b: the key \"a b\" can't be a name in XML"},
        {"{ a: { b: \"{{ .deep }}\" } }", "body.xml.a.b: the key \"1st\" can't be a name in XML"},
        {"{ a: \"{{ .badattr }}\" }", "body.xml.a: the key \"@a:b\" can't be a name in XML"},
        {"{ a: \"{{ .ns }}\" }", "body.xml.a: the key \"@xmlns\" can't be a name in XML"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        if (render_xml(&f, rows[i].tree, &record))
            fail_msg("%s gives %.*s", rows[i].tree, SLICE_ARGS(f.request.body));
        assert_string_equal(f.err.text, rows[i].error);
        assert_int_equal(f.err.kind, ERROR_RENDER);
        finish(&f);
    }
}

/* A short event can make a long document: each item repeats the element's name. */
static void stops_at_max_body(void **state)
{
    (void)state;
    struct fixture f;
    struct buffer value = {0};
    buffer_add_char(&value, '[');
    for (int i = 0; i < 100000; i++)
        buffer_add_text(&value, i ? ",1" : "1");
    buffer_add_char(&value, ']');
    struct record rec = {.topic = "t", .value = buffer_slice(&value)};
    assert_false(render_xml(&f, "{ a: { an_element_with_a_long_name: \"{{ . }}\" } }", &rec));
    assert_int_equal(f.err.kind, ERROR_TOO_LARGE);
    assert_true(f.request.body_bytes.size <= (1 << 20) + 1);
    finish(&f);
    buffer_finish(&value);
}

static void bounds_the_attributes_of_an_event(void **state)
{
    (void)state;
    for (int count = 64; count <= 65; count++) {
        struct fixture f;
        struct buffer value = {0};
        for (int i = 0; i < count; i++)
            buffer_print(&value, "%c\"@a%d\":%d", i ? ',' : '{', i, i);
        buffer_add_char(&value, '}');
        struct record rec = {.topic = "t", .value = buffer_slice(&value)};
        assert_int_equal(render_xml(&f, "{ a: \"{{ . }}\" }", &rec), count == 64);
        if (count > 64)
            assert_string_equal(f.err.text, "body.xml.a: more than 64 attributes");
        finish(&f);
        buffer_finish(&value);
    }
}

/* ── any event at all ────────────────────────────────────────────────────── */

static uint32_t seed;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static void add_any_string(struct buffer *json)
{
    static const char *const pieces[] = {
        "a",        "<b>",          "]]>",     "&amp;",
        "\\\"",     "\\\\",         "\\u0000", "\\r",
        "\\n",      "\\ud83d",      "\\uffff", "\\ud83d\\ude00",
        "\xC3\xA9", "\xEF\xBF\xBE", "<!--",    "-->",
        "<?x",      "?>",           "'",       " ",
        "\x7F",
    };
    buffer_add_char(json, '"');
    for (uint32_t i = any(5); i > 0; i--)
        buffer_add_text(json, pieces[any(COUNT_OF(pieces))]);
    buffer_add_char(json, '"');
}

static void add_any_key(struct buffer *json)
{
    static const char *const keys[] = {"\"a\"",     "\"b-1\"",     "\"@a\"", "\"@b\"",
                                       "\"#text\"", "\"\\u00e9\"", "\"_\"",  "\"xml\""};
    if (any(200) == 0)
        add_any_string(json);
    else
        buffer_add_text(json, keys[any(COUNT_OF(keys))]);
    buffer_add_char(json, ':');
}

static void add_any_value(struct buffer *json, unsigned depth)
{
    static const char *const scalars[] = {"null", "true", "-1.50e3", "0"};
    uint32_t kind = any(depth < 5 ? 6 : 4);
    if (kind < 2) {
        add_any_string(json);
        return;
    }
    if (kind < 4) {
        buffer_add_text(json, scalars[any(COUNT_OF(scalars))]);
        return;
    }
    uint32_t count = any(5);
    buffer_add_char(json, kind == 4 ? '[' : '{');
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            buffer_add_char(json, ',');
        if (kind == 5)
            add_any_key(json);
        add_any_value(json, depth + 1);
    }
    buffer_add_char(json, kind == 4 ? ']' : '}');
}

static void is_well_formed_whatever_the_event_holds(void **state)
{
    (void)state;
    static const char yaml[] =
        "request: { url: \"https://h/\", body: { xml: { root: { \"@a\": \"x{{ . "
        "}}\", \"#text\": \"{{ . }}\", b: \"{{ . }}\", c: \"{{ . }}!\" } } } }";
    struct fixture f;
    struct buffer json = {0};
    unsigned made = 0;
    compile(&f, yaml, NULL);
    for (seed = 1; seed < 20000; seed++) {
        uint32_t number = seed;
        buffer_clear(&json);
        add_any_value(&json, 0);
        struct record rec = {.topic = "t", .value = buffer_slice(&json)};
        if (!event_decode(&rec, FORMAT_JSON, &f.ev, &f.err))
            fail_msg("%u: %s in %.*s", number, f.err.text, SLICE_ARGS(rec.value));
        if (plan_render(f.plan, &f.ev, jq, &f.request, &f.err)) {
            made++;
            if (!is_well_formed(f.request.body))
                fail_msg("%u: %.*s gives %.*s", number, SLICE_ARGS(rec.value),
                         SLICE_ARGS(f.request.body));
        } else if (!strstr(f.err.text, "can't be a name in XML")) {
            fail_msg("%u: %s", number, f.err.text);
        }
        seed = number;
    }
    assert_true(made > 15000);
    buffer_finish(&json);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_document_of_the_tree),
        cmocka_unit_test(puts_the_events_values_in_it),
        cmocka_unit_test(says_where_an_event_does_not_fit),
        cmocka_unit_test(stops_at_max_body),
        cmocka_unit_test(bounds_the_attributes_of_an_event),
        cmocka_unit_test(is_well_formed_whatever_the_event_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
