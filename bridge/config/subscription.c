#include "config/subscription.h"

#include <string.h>

#include "config/header_names.h"
#include "config/secrets.h"
#include "config/subscription_types.h"

#define SCHEMA_STRUCT struct subscription
#include "config/schema_rows.h"

static const struct schema_row rows[] = {
#include "config/subscription.def"
};

const struct schema subscription_schema = {rows, COUNT_OF(rows)};

_Static_assert(COUNT_OF(rows) <= SCHEMA_ROWS_MAX, "a reading has room for each row");

/* Two keys that can't both be given. Then one is taken away, so that nobody notes it again. */
static void check_authorization(const struct schema_reading *reading, struct subscription *sub)
{
    struct problems *problems = reading->reader->problems;
    const struct yaml_node *bearer = schema_given(reading, "auth.bearer");
    const struct yaml_node *basic = schema_given(reading, "auth.basic");
    if (!bearer || !basic)
        return;
    problems_add(problems, basic->at,
                 "basic: bearer is given too, and both are sent as Authorization");
    sub->auth.basic_username = (struct text){0};
    sub->auth.basic_password = (struct text){0};
}

static void check_credential_header(const struct schema_reading *reading,
                                    const struct subscription *sub)
{
    const struct named_texts *headers = &sub->request.headers;
    const struct texts *forwarded = &sub->request.forward_headers;
    for (size_t i = 0; i < headers->count; i++)
        if (header_is_credential(sub, text_slice(&headers->items[i].name)))
            problems_add(reading->reader->problems, headers->items[i].name.at,
                         "headers: %s is sent by auth already", headers->items[i].name.data);
    for (size_t i = 0; i < forwarded->count; i++)
        if (header_is_credential(sub, text_slice(&forwarded->items[i])))
            problems_add(reading->reader->problems, forwarded->items[i].at,
                         "forward_headers: %s is sent by auth already", forwarded->items[i].data);
}

static void check_api_key(const struct schema_reading *reading, const struct subscription *sub)
{
    struct problems *problems = reading->reader->problems;
    const struct yaml_node *key = schema_given(reading, "auth.api_key");
    const struct yaml_node *header = schema_given(reading, "auth.api_key.header");
    const struct yaml_node *query = schema_given(reading, "auth.api_key.query");
    const struct text *name = &sub->auth.api_key_header;
    if (key && key->type == YAML_MAPPING && !header == !query)
        problems_add(problems, key->at, "api_key: exactly one of header and query is needed");
    if (name->data && slice_equal_nocase(text_slice(name), SLICE("Authorization")) &&
        (sub->auth.bearer.data || sub->auth.basic_username.data))
        problems_add(problems, name->at,
                     "header: Authorization is sent by bearer or basic already");
}

/* In binary mode the attributes are headers. */
static void check_cloudevents(const struct schema_reading *reading, const struct subscription *sub)
{
    const struct yaml_node *body = sub->request.body;
    const struct named_texts *headers = &sub->request.headers;
    if (sub->request.body_kind != BODY_CLOUDEVENTS)
        return;
    const struct yaml_node *mode = body->type == YAML_MAPPING ? yaml_find(body, "mode") : body;
    if (!mode || !slice_is(text_slice(&mode->text), "binary"))
        return;
    for (size_t i = 0; i < headers->count; i++) {
        const struct text *name = &headers->items[i].name;
        if (name->size > 3 && strncasecmp(name->data, "ce-", 3) == 0)
            problems_add(reading->reader->problems, name->at,
                         "headers: %s is sent by body: cloudevents already", name->data);
    }
}

static void check_gzip(const struct schema_reading *reading, const struct subscription *sub)
{
    const struct named_texts *headers = &sub->request.headers;
    for (size_t i = 0; sub->request.gzip_bytes && i < headers->count; i++)
        if (slice_equal_nocase(text_slice(&headers->items[i].name), SLICE("Content-Encoding")))
            problems_add(reading->reader->problems, headers->items[i].name.at,
                         "headers: Content-Encoding is sent by gzip already");
}

static void check_http(const struct schema_reading *reading, const struct subscription *sub)
{
    const struct text *url = &sub->request.url;
    if (sub->delivery.http == HTTP_2 && url->data && strncasecmp(url->data, "http:", 5) == 0)
        problems_add(reading->reader->problems, schema_given(reading, "delivery.http")->at,
                     "http: 2 is spoken over TLS only, and the url begins with http://");
}

static void check_order(const struct schema_reading *reading, const struct subscription *sub)
{
    static const char *const names[] = {"skip", "park", "stop"};
    const struct subscription_delivery *delivery = &sub->delivery;
    const struct yaml_node *given = schema_given(reading, "delivery.retry.exhausted");
    if (given && delivery->exhausted != EXHAUSTED_SKIP && !delivery->ordered)
        problems_add(reading->reader->problems, given->at, "exhausted: %s needs order: key",
                     names[delivery->exhausted]);
}

void subscription_read(const struct schema_reader *reader, const struct yaml_node *defaults,
                       const struct yaml_node *node, struct subscription *sub)
{
    struct schema_reading reading = {.own = node};
    *sub = (struct subscription){.at = node->at};
    schema_read(reader, yaml_merge(reader->arena, defaults, node, "body"), sub, &reading);
    sub->secrets = secrets_collect(&reading);
    check_authorization(&reading, sub);
    check_credential_header(&reading, sub);
    check_api_key(&reading, sub);
    check_http(&reading, sub);
    check_order(&reading, sub);
    const struct yaml_node *format = schema_given(&reading, "format");
    sub->format_at = format ? format->at : node->at;
    check_cloudevents(&reading, sub);
    check_gzip(&reading, sub);
    if (sub->request.body_kind == BODY_DEFAULT)
        sub->request.body_kind =
            slice_is(text_slice(&sub->request.method), "GET") ? BODY_NONE : BODY_EVENT;
}

void subscription_check_defaults(const struct schema_reader *reader, const struct yaml_node *node)
{
    struct subscription scratch = {0};
    struct schema_reading reading = {.partial = true};
    schema_read(reader, node, &scratch, &reading);
    const struct yaml_node *name = schema_given(&reading, "name");
    if (name)
        problems_add(reader->problems, name->at, "name: each subscription needs a name of its own");
}
