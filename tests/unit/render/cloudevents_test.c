#include "rendering.h"

#define STRUCTURED "Content-Type: application/cloudevents+json; charset=UTF-8\n"
#define BINARY     "body: { cloudevents: binary }"
#define ENVELOPE   "body: { cloudevents: structured }"
#define MADE       "\"specversion\":\"1.0\",\"id\":\"t-0-0\",\"source\":\"/t\",\"type\":\"t\""

#define BEGIN "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/s\",\"type\":\"a.b\""

struct row {
    const char *request; /* beside the url */
    const char *headers; /* the ce- ones and Content-Type */
    const char *body;    /* NULL: none */
};

/* Those that the event decides, without what every request has. */
static const char *event_headers(const struct request *request)
{
    static char text[2048];
    text[0] = '\0';
    const char *line = request_first_header(request);
    for (; line; line = request_next_header(request, line))
        if (strncmp(line, "ce-", 3) == 0 || strncmp(line, "Content-Type", 12) == 0)
            strcat(strcat(text, line), "\n");
    return text;
}

static void check(const char *keys, const struct row *row, const struct record *rec)
{
    struct fixture f;
    char yaml[512];
    snprintf(yaml, sizeof yaml, "%srequest: { url: \"https://h/\", %s }", keys, row->request);
    if (!render(&f, yaml, rec))
        fail_msg("%s: %s", yaml, f.err.text);
    assert_string_equal(event_headers(&f.request), row->headers);
    assert_int_equal(!f.request.body.data, !row->body);
    if (row->body && !slice_is(f.request.body, row->body))
        fail_msg("%s gives %.*s", yaml, SLICE_ARGS(f.request.body));
    finish(&f);
}

static void makes_a_cloudevent_of_any_record(void **state)
{
    (void)state;
    static const struct record record = {
        .topic = "orders.v1",
        .partition = 3,
        .offset = 17,
        .timestamp_ms = 1764000000123,
        .key = SLICE_INIT("k"),
        .value = SLICE_INIT("{\"type\":\"order paid\",\"n\":41.10,\"sku\":\"a\\\"\xE2\x82\xAC\"} "),
    };
    static const struct row rows[] = {
        {BINARY,
         "ce-specversion: 1.0\nce-id: orders_v1-3-17\nce-source: /orders.v1\n"
         "ce-type: order%20paid\nce-time: 2025-11-24T16:00:00.123Z\n"
         "Content-Type: application/json\n",
         "{\"type\":\"order paid\",\"n\":41.10,\"sku\":\"a\\\"\xE2\x82\xAC\"} "},
        {ENVELOPE, STRUCTURED,
         "{\"specversion\":\"1.0\",\"id\":\"orders_v1-3-17\",\"source\":\"/orders.v1\","
         "\"type\":\"order paid\",\"time\":\"2025-11-24T16:00:00.123Z\","
         "\"datacontenttype\":\"application/json\","
         "\"data\":{\"type\":\"order paid\",\"n\":41.10,\"sku\":\"a\\\"\xE2\x82\xAC\"} }"},
        {"body: { cloudevents: { mode: binary, source: \"https://shop/{{ $key }}\", type: "
         "\"shop.{{ .n }}\", subject: \"{{ .sku }}\" } }",
         "ce-specversion: 1.0\nce-id: orders_v1-3-17\nce-source: https://shop/k\n"
         "ce-type: shop.41.10\nce-subject: a%22%E2%82%AC\nce-time: 2025-11-24T16:00:00.123Z\n"
         "Content-Type: application/json\n",
         "{\"type\":\"order paid\",\"n\":41.10,\"sku\":\"a\\\"\xE2\x82\xAC\"} "},
        {"body: { cloudevents: { mode: structured, source: /s, type: t, subject: \"{{ .sku }}\" } "
         "}",
         STRUCTURED,
         "{\"specversion\":\"1.0\",\"id\":\"orders_v1-3-17\",\"source\":\"/s\",\"type\":\"t\","
         "\"subject\":\"a\\\"\xE2\x82\xAC\",\"time\":\"2025-11-24T16:00:00.123Z\","
         "\"datacontenttype\":\"application/json\","
         "\"data\":{\"type\":\"order paid\",\"n\":41.10,\"sku\":\"a\\\"\xE2\x82\xAC\"} }"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check("", &rows[i], &record);
}

/* A retry's topic comes out of a header, and may be anything. */
static void cuts_a_topic_that_none_can_have(void **state)
{
    (void)state;
    char topic[1000];
    struct fixture f;
    memset(topic, 't', sizeof topic);
    topic[sizeof topic - 1] = '\0';
    const struct record record = {.topic = topic, .value = SLICE("1")};
    assert_true(render(&f, "request: { url: \"https://h/\", " BINARY " }", &record));
    const char *line = request_first_header(&f.request);
    while (line && strncmp(line, "ce-source: /ttt", 15) != 0)
        line = request_next_header(&f.request, line);
    assert_non_null(line);
    assert_int_equal(strlen(line), strlen("ce-source: ") + 255);
    finish(&f);
}

/* An optional attribute can't be empty; and who sets Content-Type is believed. */
static void leaves_out_an_empty_subject(void **state)
{
    (void)state;
    static const struct record record = {
        .topic = "t", .timestamp_ms = -1, .value = SLICE_INIT("1")};
    static const struct row row = {
        "headers: { content-type: a/b }, body: { cloudevents: { mode: structured, subject: \"{{ "
        "$key // \\\"\\\" }}\" } }",
        "", "{" MADE ",\"datacontenttype\":\"application/json\",\"data\":1}"};
    check("", &row, &record);
}

static void carries_text_bytes_and_nothing(void **state)
{
    (void)state;
#define SENT "ce-specversion: 1.0\nce-id: t-0-0\nce-source: /t\nce-type: t\n"
    static const struct {
        const char *keys;
        struct slice value;
        struct row row;
    } rows[] = {
        {"format: text\n",
         SLICE_INIT("a \"b\""),
         {BINARY, SENT "Content-Type: text/plain; charset=utf-8\n", "a \"b\""}},
        {"format: text\n",
         SLICE_INIT("a \"b\""),
         {ENVELOPE, STRUCTURED,
          "{" MADE ",\"datacontenttype\":\"text/plain; charset=utf-8\",\"data\":\"a \\\"b\\\"\"}"}},
        {"format: binary\n",
         SLICE_INIT("\xFF\x01"),
         {BINARY, SENT "Content-Type: application/octet-stream\n", "\xFF\x01"}},
        {"format: binary\n",
         SLICE_INIT("\xFF\x01"),
         {ENVELOPE, STRUCTURED,
          "{" MADE ",\"datacontenttype\":\"application/octet-stream\",\"data_base64\":\"/wE=\"}"}},
        {"tombstones: deliver\n", {NULL, 0}, {BINARY, SENT, NULL}},
        {"tombstones: deliver\n", {NULL, 0}, {ENVELOPE, STRUCTURED, "{" MADE "}"}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct record record = {.topic = "t", .timestamp_ms = -1, .value = rows[i].value};
        check(rows[i].keys, &rows[i].row, &record);
    }
}

static void keeps_the_attributes_of_one_in_headers(void **state)
{
    (void)state;
    static const struct record_header headers[] = {
        {SLICE_INIT("ce_specversion"), SLICE_INIT("1.0")},
        {SLICE_INIT("ce_id"), SLICE_INIT("A/1 \xE2\x82\xAC")},
        {SLICE_INIT("ce_source"), SLICE_INIT("old")},
        {SLICE_INIT("ce_source"), SLICE_INIT("//shop/x")},
        {SLICE_INIT("ce_datacontenttype"), SLICE_INIT("x/y")},
        {SLICE_INIT("ce_nothing"), {NULL, 0}},
        {SLICE_INIT("ce_myext1"), SLICE_INIT("a\r\nHost: evil")},
        {SLICE_INIT("ce_type"), SLICE_INIT("com.shop.paid")},
        {SLICE_INIT("ce_broken"), SLICE_INIT("\xFF")},
        {SLICE_INIT("Content-Type"), SLICE_INIT("application/vnd.shop+json; v=1")},
        {SLICE_INIT("other"), SLICE_INIT("x")},
    };
    struct record record = {.topic = "t",
                            .timestamp_ms = 1,
                            .value = SLICE("{\"n\": 1.0}"),
                            .headers = headers,
                            .header_count = COUNT_OF(headers)};
    static const struct row rows[] = {
        {BINARY,
         "ce-specversion: 1.0\nce-id: A/1%20%E2%82%AC\nce-source: //shop/x\n"
         "ce-myext1: a%0D%0AHost:%20evil\nce-type: com.shop.paid\nce-broken: %EF%BF%BD\n"
         "Content-Type: application/vnd.shop+json; v=1\n",
         "{\"n\": 1.0}"},
        {"body: { cloudevents: { mode: structured, source: /ours, type: ours, subject: ours } }",
         STRUCTURED,
         "{\"specversion\":\"1.0\",\"id\":\"A/1 \xE2\x82\xAC\",\"source\":\"//shop/x\","
         "\"myext1\":\"a\\r\\nHost: evil\",\"type\":\"com.shop.paid\",\"broken\":\"\xEF\xBF\xBD\","
         "\"datacontenttype\":\"application/vnd.shop+json; v=1\",\"data\":{\"n\": 1.0}}"},
        {"body: event", "Content-Type: application/vnd.shop+json; v=1\n", "{\"n\": 1.0}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check("", &rows[i], &record);
}

static void drops_no_attribute_in_silence(void **state)
{
    (void)state;
    static const char *const names[] = {"Upper", "a-b", "data"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char name[16];
        char expected[128];
        snprintf(name, sizeof name, "ce_%s", names[i]);
        const struct record_header headers[] = {
            {SLICE("ce_specversion"), SLICE("1.0")},
            {SLICE("ce_id"), SLICE("7")},
            {SLICE("ce_source"), SLICE("/s")},
            {SLICE("ce_type"), SLICE("a.b")},
            {slice_of(name), SLICE("x")},
        };
        const struct record record = {.topic = "t",
                                      .value = SLICE("1"),
                                      .headers = headers,
                                      .header_count = COUNT_OF(headers)};
        struct fixture f;
        assert_false(render(&f, "request: { url: \"https://h/\", " BINARY " }", &record));
        snprintf(expected, sizeof expected,
                 "body.cloudevents: the name of an attribute is of a-z and 0-9, not \"%s\"",
                 names[i]);
        assert_string_equal(f.err.text, expected);
        finish(&f);
        assert_true(render(&f, "request: { url: \"https://h/\" }", &record));
        finish(&f);
    }
}

/* What is in a value that isn't what its content type says goes as it is, or as bytes. */
static void tells_data_by_its_content_type(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        struct slice type;
        struct slice value;
        const char *data;
    } rows[] = {
        {"", SLICE_INIT("text/plain"), SLICE_INIT("\"7\""), "\"data\":\"\\\"7\\\"\"}"},
        {"", SLICE_INIT("APPLICATION/JSON ; a=b"), SLICE_INIT("7"), "\"data\":7}"},
        {"format: text\n", SLICE_INIT("application/json"), SLICE_INIT("{x"),
         "\"data_base64\":\"e3g=\"}"},
        {"format: text\n", SLICE_INIT("application/xml"), SLICE_INIT("<a/>"), "\"data\":\"<a/>\"}"},
        {"format: binary\n", SLICE_INIT("image/png"), SLICE_INIT("ab"),
         "\"data_base64\":\"YWI=\"}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct record_header headers[] = {{SLICE("ce_specversion"), SLICE("1.0")},
                                                {SLICE("ce_id"), SLICE("7")},
                                                {SLICE("ce_source"), SLICE("/s")},
                                                {SLICE("ce_type"), SLICE("a.b")},
                                                {SLICE("content-type"), rows[i].type}};
        const struct record record = {.topic = "t",
                                      .value = rows[i].value,
                                      .headers = headers,
                                      .header_count = COUNT_OF(headers)};
        struct fixture f;
        char yaml[256];
        snprintf(yaml, sizeof yaml, "%srequest: { url: \"https://h/\", " ENVELOPE " }",
                 rows[i].keys);
        assert_true(render(&f, yaml, &record));
        const char *found = memmem(f.request.body.data, f.request.body.size, "\"data\":", 7);
        if (!found)
            found = memmem(f.request.body.data, f.request.body.size, "\"data_base64\":", 14);
        assert_non_null(found);
        size_t size = (size_t)(f.request.body.data + f.request.body.size - found);
        assert_int_equal(size, strlen(rows[i].data));
        assert_memory_equal(found, rows[i].data, size);
        finish(&f);
    }
}

static void opens_and_keeps_an_envelope(void **state)
{
    (void)state;
#define HEADS "ce-specversion: 1.0\nce-id: 7\nce-source: /s\nce-type: a.b\n"
    static const struct {
        struct slice value;
        struct row row;
    } rows[] = {
        {SLICE_INIT(BEGIN ",\"data\":{\"n\": 41.10} ,\"ext\":12,\"flag\":true,\"no\":null} "),
         {BINARY, HEADS "ce-ext: 12\nce-flag: true\nContent-Type: application/json\n",
          "{\"n\": 41.10}"}},
        {SLICE_INIT(BEGIN ",\"datacontenttype\":\"text\\/xml\",\"data\":\"<a b=\\\"c\\\"/>\"}"),
         {BINARY, HEADS "Content-Type: text/xml\n", "<a b=\"c\"/>"}},
        {SLICE_INIT(BEGIN ",\"data_base64\":\"/wE=\"}"),
         {BINARY, HEADS "Content-Type: application/octet-stream\n", "\xFF\x01"}},
        {SLICE_INIT(BEGIN ",\"datacontenttype\":\"image/png\",\"data_base64\":\"/wE=\"}"),
         {BINARY, HEADS "Content-Type: image/png\n", "\xFF\x01"}},
        {SLICE_INIT(BEGIN ",\"datacontenttype\":\"image/png\"}"), {BINARY, HEADS, NULL}},
        {SLICE_INIT(BEGIN ",\"datacontenttype\":\"\",\"data\":1}"),
         {BINARY, HEADS "Content-Type: application/json\n", "1"}},
        {SLICE_INIT(BEGIN ",\"d\":1} "), {ENVELOPE, STRUCTURED, BEGIN ",\"d\":1} "}},
        {SLICE_INIT(BEGIN "}"),
         {"body: event", "Content-Type: application/cloudevents+json\n", BEGIN "}"}},
        {SLICE_INIT(BEGIN ",\"id\":\"8\"}"),
         {BINARY, "ce-specversion: 1.0\nce-source: /s\nce-type: a.b\nce-id: 8\n", NULL}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct record_header headers[] = {
            {SLICE("content-type"), SLICE("application/cloudevents+json")}};
        const struct record record = {
            .topic = "t", .value = rows[i].value, .headers = headers, .header_count = 1};
        check("", &rows[i].row, &record);
    }
}

static void says_what_makes_it_impossible(void **state)
{
    (void)state;
    struct buffer members = {0};
    struct buffer attributes = {0};
    buffer_add_text(&members, BEGIN);
    buffer_add_text(&attributes, BEGIN);
    for (int i = 0; i < 1000; i++)
        buffer_print(&members, ",\"data\":%d", i);
    for (int i = 0; i < 256; i++)
        buffer_print(&attributes, ",\"a%d\":1", i);
    buffer_add_char(&members, '}');
    buffer_add_char(&attributes, '}');
    const struct {
        const char *keys;
        const char *body;
        struct slice value;
        enum error_kind kind;
        const char *error;
    } rows[] = {
        {"", "{ mode: binary, source: \"{{ .gone }}\" }", SLICE("{}"), ERROR_RENDER,
         "body.cloudevents.source: missing field .gone"},
        {"", "{ mode: structured, type: \"{{ .nil }}\" }", SLICE("{\"nil\":null}"), ERROR_RENDER,
         "body.cloudevents.type: it is empty"},
        {"", "{ mode: binary, source: \"\" }", SLICE("{}"), ERROR_NONE, ""},
        {"", "binary", SLICE(BEGIN ",\"data_base64\":\"!\"}"), ERROR_DECODE,
         "data_base64 is not base64"},
        {"", "binary", buffer_slice(&members), ERROR_RENDER,
         "body.cloudevents: more than 256 attributes"},
        {"", "binary", buffer_slice(&attributes), ERROR_RENDER,
         "body.cloudevents: more than 256 attributes"},
        {"", "binary", SLICE(BEGIN ",\"a\":{}}"), ERROR_RENDER,
         "body.cloudevents: the attribute a is an object"},
        {"", "binary", SLICE(BEGIN ",\"datacontenttype\":[]}"), ERROR_RENDER,
         "body.cloudevents: the attribute datacontenttype is an array"},
        {"", "binary", SLICE(BEGIN ",\"a_b\":1}"), ERROR_RENDER,
         "body.cloudevents: the name of an attribute is of a-z and 0-9, not \"a_b\""},
        {"", "binary", SLICE(BEGIN ",\"\":1}"), ERROR_RENDER,
         "body.cloudevents: the name of an attribute is of a-z and 0-9, not \"\""},
        {"delivery: { max_body: 2B }\n", "binary", SLICE(BEGIN ",\"data_base64\":\"YWJj\"}"),
         ERROR_TOO_LARGE, "delivery.max_body: the body has more than 2 bytes"},
        {"delivery: { max_body: 9B }\n", "structured", SLICE(BEGIN ",\"data\": 1}"),
         ERROR_TOO_LARGE, "delivery.max_body: the body has more than 9 bytes"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool none = i < 3;
        const struct record_header headers[] = {
            {SLICE("content-type"), SLICE("application/cloudevents+json")}};
        const struct record record = {
            .topic = "t", .value = rows[i].value, .headers = headers, .header_count = none ? 0 : 1};
        struct fixture f;
        char yaml[256];
        snprintf(yaml, sizeof yaml, "%srequest: { url: \"https://h/\", body: { cloudevents: %s } }",
                 rows[i].keys, rows[i].body);
        bool made = render(&f, yaml, &record);
        assert_int_equal(made, rows[i].kind == ERROR_NONE);
        if (!made) {
            assert_string_equal(f.err.text, rows[i].error);
            assert_int_equal(f.err.kind, rows[i].kind);
        }
        finish(&f);
    }
    buffer_finish(&members);
    buffer_finish(&attributes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_cloudevent_of_any_record),
        cmocka_unit_test(cuts_a_topic_that_none_can_have),
        cmocka_unit_test(leaves_out_an_empty_subject),
        cmocka_unit_test(carries_text_bytes_and_nothing),
        cmocka_unit_test(keeps_the_attributes_of_one_in_headers),
        cmocka_unit_test(drops_no_attribute_in_silence),
        cmocka_unit_test(tells_data_by_its_content_type),
        cmocka_unit_test(opens_and_keeps_an_envelope),
        cmocka_unit_test(says_what_makes_it_impossible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
