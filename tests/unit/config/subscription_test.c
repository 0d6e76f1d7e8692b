#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>

#include "config/schema.h"
#include "config/subscription.h"

struct fixture {
    struct arena arena;
    struct problems problems;
    struct schema_reader reader;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    schema_reader_init(&fixture->reader, &subscription_schema, &fixture->arena, &fixture->problems);
    assert_int_equal(setenv("GRAPNEL_TEST_TOKEN", "s3cret", 1), 0);
    assert_int_equal(setenv("GRAPNEL_TEST_EMPTY", "", 1), 0);
    assert_int_equal(setenv("GRAPNEL_TEST_LINES", "s3cret\ns3cret", 1), 0);
    assert_int_equal(setenv("GRAPNEL_TEST_NULL", "null", 1), 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_finish(&fixture->arena);
    problems_finish(&fixture->problems);
    free(fixture);
    return 0;
}

#define URL  "https://dash.example.com/hook"
#define BASE "name: orders\ntopics: [orders]\nrequest: {url: \"" URL "\"}\n"

/* `text` merged over `base`, read. */
static struct subscription read_over(struct fixture *fixture, const char *base, const char *text)
{
    struct subscription sub;
    struct problems *problems = &fixture->problems;
    problems_finish(problems);
    const struct yaml_node *under =
        yaml_read_bytes(&fixture->arena, "base.yaml", slice_of(base), problems);
    const struct yaml_node *over =
        yaml_read_bytes(&fixture->arena, TEST_DATA "/a.yaml", slice_of(text), problems);
    assert_non_null(under);
    assert_non_null(over);
    subscription_read(&fixture->reader, under, over, &sub);
    problems_sort(problems);
    return sub;
}

static struct subscription read_fine(struct fixture *fixture, const char *text)
{
    struct subscription sub = read_over(fixture, BASE, text);
    if (fixture->problems.count)
        problems_print(&fixture->problems, stderr);
    assert_int_equal(fixture->problems.count, 0);
    return sub;
}

static void check_status_set(const struct status_set *set, const char *statuses)
{
    for (int status = 0; status < 640; status++) {
        char text[8];
        snprintf(text, sizeof text, "%d", status);
        assert_int_equal(status_set_has(set, status), strstr(statuses, text) && status >= 100);
    }
}

static void has_the_contracts_defaults(void **state)
{
    struct subscription sub = read_fine(*state, "{}");
    assert_string_equal(sub.name, "orders");
    assert_int_equal(sub.topics.count, 1);
    assert_int_equal(sub.events.count, 0);
    assert_null(sub.id.data);
    assert_int_equal(sub.format, FORMAT_AUTO);
    assert_false(sub.deliver_tombstones);
    assert_int_equal(sub.start.at, START_LATEST);
    assert_string_equal(sub.request.method.data, "POST");
    assert_string_equal(sub.request.url.data, URL);
    assert_int_equal(sub.request.body_kind, BODY_EVENT);
    assert_int_equal(sub.sign_style, SIGN_NONE);
    assert_null(sub.auth.bearer.data);
    assert_null(sub.tls.ca_file.data);
    assert_int_equal(sub.tls.min_version, TLS_1_2);
    assert_int_equal(sub.delivery.timeout_ms, 10000);
    for (int status = 0; status < 640; status++)
        assert_int_equal(status_set_has(&sub.delivery.success, status),
                         status >= 200 && status < 300);
    static const int64_t schedule[] = {5000,     300000,   1800000, 7200000,
                                       18000000, 36000000, 36000000};
    assert_int_equal(sub.delivery.retry_count, COUNT_OF(schedule));
    assert_memory_equal(sub.delivery.retry_schedule_ms, schedule, sizeof schedule);
    assert_int_equal(sub.delivery.jitter_percent, 20);
    check_status_set(&sub.delivery.never, "400 410 413 414 415 422 501");
    assert_int_equal(sub.delivery.in_flight, 64);
    assert_int_equal(sub.delivery.http, HTTP_1_1);
    assert_int_equal(sub.delivery.max_body_bytes, 1 << 20);
}

static void takes_the_contracts_defaults_written_out(void **state)
{
    read_fine(*state, "filter: null\nid: null\nformat: auto\ntombstones: skip\ngroup: null\n"
                      "start: latest\nauth: {oauth2: null, client_certificate: null}\nsign: null\n"
                      "tls: {ca_file: null, min_version: \"1.2\", pinned_public_key: null}\n"
                      "delivery:\n"
                      "  timeout: 10s\n"
                      "  success: [2xx]\n"
                      "  retry:\n"
                      "    schedule: [5s, 5m, 30m, 2h, 5h, 10h, 10h]\n"
                      "    jitter: 20%\n"
                      "    never: [400, 410, 413, 414, 415, 422, 501]\n"
                      "    exhausted: skip\n"
                      "  order: none\n"
                      "  rate: null\n"
                      "  in_flight: 64\n"
                      "  http: 1.1\n"
                      "  breaker: null\n"
                      "  max_body: 1MiB\n"
                      "  max_age: null\n");
}

static void reads_every_key(void **state)
{
    struct subscription sub = read_fine(
        *state, "name: a-1\n"
                "topics: [orders, \"^payments\\\\..*\"]\n"
                "events: [order.created, \"payment.*\"]\n"
                "id: \"{{ $headers.ce_id }}\"\n"
                "format: binary\n"
                "tombstones: deliver\n"
                "start: 2026-11-23T15:04:05Z\n"
                "request:\n"
                "  method: PUT\n"
                "  url: \"HTTPS://{{ .host }}/{{ \\\"a }} b\\\" }}/hook\"\n"
                "  query: {Amount: \"${{ .data.amount }}\", Key: \"${env:GRAPNEL_TEST_TOKEN}\"}\n"
                "  headers: {X-Tenant: \"{{ .tenant }}\", X-Tab: \"a\\tb\"}\n"
                "auth:\n"
                "  bearer: ${env:GRAPNEL_TEST_TOKEN}\n"
                "  api_key: {header: X-Api-Key, value: k}\n"
                "sign: {style: standard, secrets: [\"${env:GRAPNEL_TEST_TOKEN}\", old]}\n"
                "tls:\n"
                "  ca_file: ../data\n"
                "  min_version: 1.3\n"
                "  pinned_public_key: sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE=\n"
                "delivery:\n"
                "  timeout: 250ms\n"
                "  success: [2xx, 302]\n"
                "  retry: {schedule: [], jitter: 0%, never: []}\n"
                "  in_flight: 1\n"
                "  http: 2\n"
                "  max_body: 0B\n");
    assert_string_equal(sub.name, "a-1");
    assert_string_equal(sub.topics.items[1].data, "^payments\\..*");
    assert_string_equal(sub.events.items[1].data, "payment.*");
    assert_string_equal(sub.id.data, "{{ $headers.ce_id }}");
    assert_int_equal(sub.format, FORMAT_BINARY);
    assert_true(sub.deliver_tombstones);
    assert_int_equal(sub.start.at, START_TIME);
    assert_true(sub.start.unix_ms == INT64_C(1795446245000));
    assert_string_equal(sub.request.method.data, "PUT");
    assert_int_equal(sub.request.query.count, 2);
    assert_string_equal(sub.request.query.items[0].value.data, "${{ .data.amount }}");
    assert_true(sub.request.query.items[1].value.secret);
    assert_string_equal(sub.request.headers.items[0].name.data, "X-Tenant");
    assert_string_equal(sub.auth.bearer.data, "s3cret");
    assert_true(sub.auth.bearer.secret);
    assert_string_equal(sub.auth.api_key_header.data, "X-Api-Key");
    assert_string_equal(sub.auth.api_key_value.data, "k");
    assert_int_equal(sub.sign_style, SIGN_STANDARD);
    assert_int_equal(sub.sign_secrets.count, 2);
    assert_string_equal(sub.tls.ca_file.data, TEST_DATA);
    assert_int_equal(sub.tls.min_version, TLS_1_3);
    assert_int_equal(sub.tls.pinned_public_key.size, 52);
    assert_int_equal(sub.delivery.timeout_ms, 250);
    assert_true(status_set_has(&sub.delivery.success, 302));
    assert_false(status_set_has(&sub.delivery.success, 301));
    assert_true(status_set_has(&sub.delivery.success, 299));
    assert_int_equal(sub.delivery.retry_count, 0);
    check_status_set(&sub.delivery.never, "");
    assert_int_equal(sub.delivery.http, HTTP_2);
    assert_int_equal(sub.delivery.max_body_bytes, 0);
}

static void reads_each_kind_of_body(void **state)
{
    static const struct {
        const char *text;
        enum body_kind kind;
        bool node;
    } rows[] = {
        {"{}", BODY_EVENT, false},
        {"request: {body: null}", BODY_EVENT, false},
        {"request: {method: GET}", BODY_NONE, false},
        {"request: {method: GET, body: event}", BODY_EVENT, false},
        {"request: {method: DELETE}", BODY_EVENT, false},
        {"request: {body: event}", BODY_EVENT, false},
        {"request: {body: none}", BODY_NONE, false},
        {"request: {body: {json: {a: 1, b: [true, null]}}}", BODY_JSON, true},
        {"request: {body: {json: \"{{ . }}\"}}", BODY_JSON, true},
        {"request: {body: {json: null}}", BODY_JSON, true},
        {"request: {body: {form: {a: 1}}}", BODY_FORM, true},
        {"request: {body: {text: \"a {{ .b }}\"}}", BODY_TEXT, true},
        {"request: {body: {text: \"\"}}", BODY_TEXT, true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct subscription sub = read_fine(*state, rows[i].text);
        assert_int_equal(sub.request.body_kind, rows[i].kind);
        assert_int_equal(sub.request.body != NULL, rows[i].node);
    }
}

static void takes_these(void **state)
{
    static const char *const texts[] = {
        "name: a",
        "name: \"0123456789-0123456789-0123456789-0123456789-0123456789-01234567\"",
        "topics: [A.b_c-9]",
        "topics: [\"^a{2,5}(b|c)$\"]",
        "start: earliest",
        "start: 1970-01-01",
        "format: avro",
        "request: {url: \"http://127.0.0.1:8080\"}",
        "request: {url: \"http://[::1]/x?a=b@c#d\"}",
        "request: {url: \"https://{{ .host }}\"}",
        "request: {url: \"https://h/{{ .a // \\\"x @ y\\\" }}/\"}",
        "request: {url: \"https://h/{{ .a\"}", /* left to those who compile it */
        "request: {headers: {X: \"\", Y: 5, Z: null, Authorization: x}}",
        "auth: {basic: {username: u, password: \"\"}}",
        "auth: {basic: {username: u, password: p:q}}",
        "auth: {api_key: {query: key, value: v}}",
        "auth: {bearer: b, api_key: {query: key, header: null, value: v}}",
        "auth: {bearer: \"*\"}",
        "delivery: {success: [200, 4xx]}",
        "delivery: {retry: {never: [5xx]}}",
        "delivery: {retry: {schedule: [0s, 30d]}}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        read_fine(*state, texts[i]);
}

static const struct {
    const char *text;
    const char *message;
} mistakes[] = {
    {"name: Orders", "name: a name of lower-case letters, digits and hyphens, at most 63, is "
                     "needed, not \"Orders\""},
    {"name: a.b", "name: a name of lower-case letters, digits and hyphens, at most 63, is needed, "
                  "not \"a.b\""},
    {"name: [a]", "name: a name of lower-case letters, digits and hyphens, at most 63, is needed, "
                  "not a list"},
    {"name: \"0123456789012345678901234567890123456789012345678901234567890123\"",
     "name: a name of lower-case letters, digits and hyphens, at most 63, is needed, not "
     "\"012345678901234567890123456789012345678901234567890123456789…\""},
    {"name: null", "name is missing"},
    {"topics: null", "topics is missing"},
    {"topics: orders",
     "topics: a list of topics such as [orders, \"^payments\\\\..*\"] is needed, not \"orders\""},
    {"topics: []", "topics: the list is empty"},
    {"topics: [\"\"]", "topics: it can't be empty"},
    {"topics: [a b]", "topics: \"a b\" is no topic's name (letters, digits, ., _ and -); a regular "
                      "expression begins with ^"},
    {"topics: [..]", "topics: \"..\" is no topic's name (letters, digits, ., _ and -); a regular "
                     "expression begins with ^"},
    {"topics: [\"^(\"]", "topics: \"^(\" is no regular expression: Unmatched ( or \\("},
    {"topics: [\"^((a{1,200}){1,200}){1,200}\"]", "topics: the regular expression is too large"},
    {"topics: [\"^a{99999999999999999999}\"]", "topics: the regular expression is too large"},
    {"topics: [a, b, a]", "topics: \"a\" is given twice"},
    {"events: order.created", "events: a list of texts is needed, not \"order.created\""},
    {"events: []", "events: the list is empty"},
    {"filter: [a]", "filter: a text is needed, not a list"},
    {"group: G", "group: a name of lower-case letters, digits and hyphens, at most 63, is needed, "
                 "not \"G\""},
    {"format: xml", "format: auto, json, avro, text or binary is needed, not \"xml\""},
    {"tombstones: send", "tombstones: skip or deliver is needed, not \"send\""},
    {"start: yesterday", "start: latest, earliest or an ISO 8601 time such as "
                         "2026-11-23T15:04:05Z is needed, not \"yesterday\""},
    {"start: 1969-12-31", "start: latest, earliest or an ISO 8601 time such as "
                          "2026-11-23T15:04:05Z is needed, not \"1969-12-31\""},
    {"start: [latest]", "start: latest, earliest or an ISO 8601 time such as "
                        "2026-11-23T15:04:05Z is needed, not a list"},
    {"request: null", "request is missing"},
    {"request: \"" URL "\"", "request: a mapping of keys and values is needed, not a text"},
    {"request: {url: null}", "request.url is missing"},
    {"request: {method: HEAD}", "method: GET, POST, PUT, PATCH or DELETE is needed, not \"HEAD\""},
    {"request: {method: post}", "method: GET, POST, PUT, PATCH or DELETE is needed, not \"post\""},
    {"request: {url: dash.example.com}",
     "url: a URL that begins with http:// or https://, written out, is needed, not "
     "\"dash.example.com\""},
    {"request: {url: \"{{ .url }}\"}",
     "url: a URL that begins with http:// or https://, written out, is needed, not \"{{ .url }}\""},
    {"request: {url: \"ftp://a/b\"}",
     "url: a URL that begins with http:// or https://, written out, is needed, not \"ftp://a/b\""},
    {"request: {url: \"${env:GRAPNEL_TEST_TOKEN}\"}",
     "url: a URL that begins with http:// or https://, written out, is needed, not what "
     "${env:GRAPNEL_TEST_TOKEN} holds"},
    {"request: {url: \"https://\"}", "url: the host is missing"},
    {"request: {url: \"https:///x\"}", "url: the host is missing"},
    {"request: {url: \"https://:80/\"}", "url: the host is missing"},
    {"request: {url: \"https://u:p@h/\"}",
     "url: a user and password don't belong in the URL, but under auth: basic"},
    {"request: {url: \"https://{{ .user }}@h/\"}",
     "url: a user and password don't belong in the URL, but under auth: basic"},
    {"request: {url: \"https://h/a b\"}",
     "url: a blank or line break can't stand in a URL; write %20"},
    {"request: {url: \"https://h/{{ .a }}\\n\"}",
     "url: a blank or line break can't stand in a URL; write %20"},
    {"request: {query: [a]}", "query: a mapping of names and texts is needed, not a list"},
    {"request: {query: {a: {b: c}}}", "query: a: a text is needed, not a mapping"},
    {"request: {headers: x}", "headers: a mapping of names and texts is needed, not \"x\""},
    {"request: {headers: {a b: c}}", "headers: a b: this can't be the name of a header"},
    {"request: {headers: {\"\": c}}", "headers: : this can't be the name of a header"},
    {"request: {headers: {\"X:\": c}}", "headers: X:: this can't be the name of a header"},
    {"request: {headers: {Webhook-Id: c}}", "headers: Webhook-Id: grapnel sets this header itself"},
    {"request: {headers: {content-length: 5}}",
     "headers: content-length: grapnel sets this header itself"},
    {"request: {headers: {A: \"b\\r\\nC: d\"}}",
     "headers: A: a line break can't be sent in a header (a block ends without one after |-)"},
    {"request: {headers: {X-A: b, x-a: c}}", "headers: x-a is given twice, first in line 1"},
    {"request: {forward_headers: x-a}",
     "forward_headers: a list of headers' names such as [x-tenant, \"x-trace-*\"] is needed, not "
     "\"x-a\""},
    {"request: {forward_headers: []}", "forward_headers: the list is empty"},
    {"request: {forward_headers: [a b]}", "forward_headers: this can't be the name of a header"},
    {"request: {forward_headers: [Webhook-Id]}", "forward_headers: Webhook-Id is never forwarded"},
    {"request: {forward_headers: [content-type]}",
     "forward_headers: content-type is never forwarded"},
    {"request: {forward_headers: [TraceParent]}",
     "forward_headers: TraceParent is never forwarded"},
    {"request: {gzip: true}", "gzip: a size such as 64KiB or 1MiB is needed, not \"true\""},
    {"request: {gzip: 0B}", "gzip: it must be from 1B to 64MiB, not \"0B\""},
    {"request: {gzip: 1KiB, headers: {content-encoding: br}}",
     "headers: Content-Encoding is sent by gzip already"},
    {"request: {body: all}", "body: event, none, or a mapping with one of json, form, xml, text, "
                             "jq and cloudevents is needed, not \"all\""},
    {"request: {body: [event]}", "body: event, none, or a mapping with one of json, form, xml, "
                                 "text, jq and cloudevents is needed, not a list"},
    {"request: {body: {}}",
     "body: exactly one of json, form, xml, text, jq and cloudevents is needed"},
    {"request: {body: {json: {}, text: x}}",
     "body: exactly one of json, form, xml, text, jq and cloudevents is needed"},
    {"request: {body: {yaml: {}}}",
     "body: unknown kind yaml; known are json, form, xml, text, jq and cloudevents"},
    {"request: {body: {jq: [.a]}}", "jq: a program is needed, not a list"},
    {"request: {body: {jq: null}}", "jq: a program is needed, not null"},
    {"request: {body: {cloudevents: both}}",
     "cloudevents: binary or structured is needed, not \"both\""},
    {"request: {body: {cloudevents: [binary]}}",
     "cloudevents: binary or structured is needed, not a list"},
    {"request: {body: {cloudevents: {mode: ~}}}",
     "cloudevents: binary or structured is needed, not null"},
    {"request: {body: {cloudevents: {source: /a}}}",
     "cloudevents: mode is missing: binary or structured"},
    {"request: {body: {cloudevents: {mode: binary, type: [a]}}}",
     "cloudevents: type: a text is needed, not a list"},
    {"request: {body: {cloudevents: {mode: binary, subjekt: a}}}",
     "unknown key subjekt; did you mean subject?"},
    {"request: {body: {cloudevents: {mode: binary, datacontenttype: a}}}",
     "unknown key datacontenttype; known here: mode, source, type, subject"},
    {"request: {headers: {CE-Id: x}, body: {cloudevents: binary}}",
     "headers: CE-Id is sent by body: cloudevents already"},
    {"request: {body: {json: {a: [.inf]}}}", "json: JSON has no number for \".inf\""},
    {"request: {body: {json: 0xFFFFFFFFFFFFFFFFF}}",
     "json: JSON has no number for \"0xFFFFFFFFFFFFFFFFF\""},
    {"request: {body: {form: [a]}}", "form: a mapping of names and texts is needed, not a list"},
    {"request: {body: {form: {a: null}}}", "form: a: a text is needed, not null"},
    {"request: {body: {form: {a: [b]}}}", "form: a: a text is needed, not a list"},
    {"request: {body: {text: {a: b}}}", "text: a text is needed, not a mapping"},
    {"request: {body: {text: null}}", "text: a text is needed, not null"},
    {"request: {ulr: x}", "unknown key ulr; did you mean url?"},
    {"timeout: 5s", "unknown key timeout here; did you mean delivery.timeout?"},
    {"auth: s3cret", "auth: a mapping of keys and values is needed, not a text"},
    {"auth: {bearer: [s3cret]}", "bearer: a text is needed, not a list"},
    {"auth: {bearer: \"\"}", "bearer: it can't be empty"},
    {"auth: {bearer: \"${env:GRAPNEL_TEST_EMPTY}\"}",
     "bearer: it can't be empty, and the variable or file is"},
    {"auth: {bearer: \"${env:GRAPNEL_TEST_LINES}\"}",
     "bearer: a line break or control character can't be sent"},
    {"auth: {bearer: \"${env:GRAPNEL_TEST_MISSING}\"}",
     "environment variable GRAPNEL_TEST_MISSING is not set"},
    {"auth: {basic: \"u:s3cret\"}", "basic: a mapping of keys and values is needed, not a text"},
    {"auth: {basic: {username: u}}", "auth.basic.password is missing"},
    {"auth: {basic: {password: p}}", "auth.basic.username is missing"},
    {"auth: {basic: {username: \"u:v\", password: p}}",
     "username: a user name can't hold a colon (RFC 7617)"},
    {"auth: {basic: {username: u, password: \"${env:GRAPNEL_TEST_EMPTY}\"}}",
     "password: it can't be empty, and the variable or file is"},
    {"auth: {basic: {username: u, password: [s3cret]}}", "password: a text is needed, not a list"},
    {"auth: {bearer: b, basic: {username: u, password: p}}",
     "basic: bearer is given too, and both are sent as Authorization"},
    {"auth: {api_key: {value: v}}", "api_key: exactly one of header and query is needed"},
    {"auth: {api_key: {header: A, query: b, value: v}}",
     "api_key: exactly one of header and query is needed"},
    {"auth: {api_key: {header: A}}", "auth.api_key.value is missing"},
    {"auth: {api_key: {header: a b, value: v}}", "header: this can't be the name of a header"},
    {"auth: {api_key: {header: webhook-id, value: v}}", "header: grapnel sets this header itself"},
    {"auth: {bearer: b, api_key: {header: authorization, value: v}}",
     "header: Authorization is sent by bearer or basic already"},
    {"{auth: {bearer: b}, request: {headers: {authorization: x}}}",
     "headers: authorization is sent by auth already"},
    {"{auth: {api_key: {header: X-Key, value: v}}, request: {headers: {x-key: x}}}",
     "headers: x-key is sent by auth already"},
    {"{auth: {bearer: b, api_key: {header: X-Key, value: v}}, request: {headers: {x-key: x}}}",
     "headers: x-key is sent by auth already"},
    {"{auth: {bearer: b}, request: {forward_headers: [Authorization]}}",
     "forward_headers: Authorization is sent by auth already"},
    {"auth: {oauth2: {token_url: \"https://x\"}}", "oauth2 is not supported yet"},
    {"auth: {client_certificate: {}}", "client_certificate is not supported yet"},
    {"sign: s3cret", "sign: a mapping of keys and values is needed, not a text"},
    {"sign: {secrets: [a]}", "sign.style is missing"},
    {"sign: {style: standard}", "sign.secrets is missing"},
    {"sign: {style: standard, secrets: []}", "secrets: the list is empty"},
    {"sign: {style: standard, secrets: s3cret}", "secrets: a list of texts is needed, not a text"},
    {"sign: {style: \"\", secrets: [a]}",
     "style: standard, standard-ed25519, github, stripe, shopify, slack, twilio or custom is "
     "needed, not \"\""},
    {"sign: {style: github, secrets: [a]}", "style: github is not supported yet"},
    {"sign: {style: standard, secrets: [a], header: X}", "header is not supported yet"},
    {"tls: {ca_file: nowhere.pem}",
     "ca_file: \"nowhere.pem\" can't be read: No such file or directory"},
    {"tls: {min_version: 1.1}", "min_version: 1.2 or 1.3 is needed, not \"1.1\""},
    {"tls: {pinned_public_key: sha256//abc}",
     "pinned_public_key: sha256// and a key's hash in base64, several separated by a semicolon, is "
     "needed, not \"sha256//abc\""},
    {"delivery: {timeuot: 5s}", "unknown key timeuot; did you mean timeout?"},
    {"delivery: {timeout: fast}",
     "timeout: a duration such as 250ms, 5s or 2h is needed, not \"fast\""},
    {"delivery: {timeout: 10}",
     "timeout: a duration such as 250ms, 5s or 2h is needed, not \"10\""},
    {"delivery: {timeout: 6m}", "timeout: it must be from 1ms to 5m, not \"6m\""},
    {"delivery: {timeout: \"${env:GRAPNEL_TEST_TOKEN}\"}",
     "timeout: a duration such as 250ms, 5s or 2h is needed, not what ${env:GRAPNEL_TEST_TOKEN} "
     "holds"},
    {"delivery: {success: []}", "success: the list is empty"},
    {"delivery: {success: 200}", "success: a list of statuses such as [2xx, 302] is needed, not "
                                 "\"200\""},
    {"delivery: {success: [100]}",
     "success: a status from 200 to 599 or a class such as 2xx is needed, not \"100\""},
    {"delivery: {success: [2x0]}",
     "success: a status from 200 to 599 or a class such as 2xx is needed, not \"2x0\""},
    {"delivery: {success: [ok]}",
     "success: a status from 200 to 599 or a class such as 2xx is needed, not \"ok\""},
    {"delivery: {success: [[200]]}",
     "success: a status from 200 to 599 or a class such as 2xx is needed, not a list"},
    {"delivery: {retry: {schedule: 5s}}",
     "schedule: a list of durations such as [5s, 5m, 2h] is needed, not \"5s\""},
    {"delivery: {retry: {schedule: [5]}}",
     "schedule: a duration such as 250ms, 5s or 2h is needed, not \"5\""},
    {"delivery: {retry: {schedule: [31d]}}", "schedule: it must be from 0ms to 30d, not \"31d\""},
    {"delivery: {retry: {jitter: 0.2}}",
     "jitter: a percentage from 0% to 100% is needed, not \"0.2\""},
    {"delivery: {retry: {never: [600]}}",
     "never: a status from 200 to 599 or a class such as 2xx is needed, not \"600\""},
    {"delivery: {retry: {exhausted: park}}", "exhausted: park needs order: key"},
    {"delivery: {order: none, retry: {exhausted: stop}}", "exhausted: stop needs order: key"},
    {"delivery: {retry: {exhausted: drop}}",
     "exhausted: skip, park or stop is needed, not \"drop\""},
    {"delivery: {order: keys}", "order: none or key is needed, not \"keys\""},
    {"delivery: {rate: fast}", "rate: a rate such as 100/s or 6000/m is needed, not \"fast\""},
    {"delivery: {rate: 0/s}", "rate: it must be more than none"},
    {"delivery: {in_flight: 0}", "in_flight: it must be from 1 to 10000, not \"0\""},
    {"delivery: {http: 3}", "http: 1.1 or 2 is needed, not \"3\""},
    {"{delivery: {http: 2}, request: {url: \"http://h\"}}",
     "http: 2 is spoken over TLS only, and the url begins with http://"},
    {"delivery: {breaker: {failures: 0}}", "failures: it must be from 1 to 1000000, not \"0\""},
    {"delivery: {max_body: 65MiB}", "max_body: it must be from 0B to 64MiB, not \"65MiB\""},
    {"delivery: {max_age: 366d}", "max_age: it must be from 1ms to 365d, not \"366d\""},
};

static void says_what_is_wrong(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        read_over(fixture, BASE, mistakes[i].text);
        if (fixture->problems.count != 1) {
            fprintf(stderr, "%s:\n", mistakes[i].text);
            problems_print(&fixture->problems, stderr);
        }
        assert_int_equal(fixture->problems.count, 1);
        assert_string_equal(fixture->problems.items[0].message, mistakes[i].message);
        assert_null(strstr(fixture->problems.items[0].message, "s3cret"));
    }
}

static void replaces_a_body_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    struct subscription sub =
        read_over(fixture, BASE "delivery: {timeout: 3s}\n",
                  "request: {body: {form: {a: b}}}\ndelivery: {in_flight: 2}\n");
    assert_int_equal(fixture->problems.count, 0);
    assert_int_equal(sub.request.body_kind, BODY_FORM);
    assert_int_equal(sub.delivery.timeout_ms, 3000);
    assert_int_equal(sub.delivery.in_flight, 2);
}

static void takes_a_variable_that_holds_null_for_a_text(void **state)
{
    struct subscription sub = read_fine(*state, "auth:\n  bearer: ${env:GRAPNEL_TEST_NULL}\n");
    assert_string_equal(sub.auth.bearer.data, "null");
}

static void checks_defaults_without_a_subscription(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"delivery: {timeuot: 5s}", "unknown key timeuot; did you mean timeout?"},
        {"filter: .a", NULL},
        {"name: a", "name: each subscription needs a name of its own"},
        {"5", "a mapping of keys and values is needed, not \"5\""},
        {"sign: {style: standard}", NULL},
        {"request: {headers: {A: b}}", NULL},
        {"{}", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        problems_finish(&fixture->problems);
        const struct yaml_node *node =
            yaml_read_bytes(&fixture->arena, "a.yaml", slice_of(rows[i].text), &fixture->problems);
        subscription_check_defaults(&fixture->reader, node);
        assert_int_equal(fixture->problems.count, rows[i].message ? 1 : 0);
        if (rows[i].message)
            assert_string_equal(fixture->problems.items[0].message, rows[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(has_the_contracts_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_the_contracts_defaults_written_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(reads_every_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_each_kind_of_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_these, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaces_a_body_as_a_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_a_variable_that_holds_null_for_a_text, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(checks_defaults_without_a_subscription, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
