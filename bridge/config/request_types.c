/* The types of `request`: url, headers, body. What can be told of a template before it is compiled
 * is told here; what is in {{ }} is left to those who compile it. */
#include "config/subscription_types.h"

#include <string.h>

#include "base/jqlex.h"
#include "config/body_types.h"
#include "config/header_names.h"
#include "config/subscription.h"

/* Bytes of the expression that opens at the front. */
static size_t expression_size(struct slice text)
{
    const char *close = jqlex_close(text.data + 2, text.data + text.size);
    return close ? (size_t)(close - text.data) + 2 : text.size;
}

/* What is wrong with the part after the scheme; NULL: nothing. */
static const char *find_url_mistake(struct slice rest)
{
    bool in_host = true;
    if (rest.size == 0 || strchr("/?#:", rest.data[0]))
        return "the host is missing";
    for (size_t i = 0; i < rest.size; i++) {
        unsigned char c = (unsigned char)rest.data[i];
        if (slice_starts(slice_from(rest, i), SLICE("{{"))) {
            i += expression_size(slice_from(rest, i)) - 1;
            continue;
        }
        if (c <= 0x20 || c == 0x7F)
            return "a blank or line break can't stand in a URL; write %20";
        if (c == '@' && in_host)
            return "a user and password don't belong in the URL, but under auth: basic";
        in_host = in_host && c != '/' && c != '?' && c != '#';
    }
    return NULL;
}

static void read_url(struct schema_reading *reading, const struct schema_row *row,
                     const struct yaml_node *node, void *field)
{
    struct text text;
    if (!schema_take_text(reading, row, node, &text))
        return;
    struct slice url = text_slice(&text);
    size_t scheme = strncasecmp(url.data, "http://", 7) == 0    ? 7
                    : strncasecmp(url.data, "https://", 8) == 0 ? 8
                                                                : 0;
    const char *mistake = scheme ? find_url_mistake(slice_from(url, scheme)) : NULL;
    if (scheme == 0)
        schema_wrong(reading, row, node, row->type->needed);
    else if (mistake)
        schema_problem(reading, row, node, "%s", mistake);
    else
        *(struct text *)field = text;
}

/* What is wrong with a header's name; NULL: nothing. */
static const char *find_name_mistake(struct slice name)
{
    if (!header_is_name(name))
        return "this can't be the name of a header";
    if (header_is_ours(name))
        return "grapnel sets this header itself";
    return NULL;
}

static bool has_control(const struct text *text)
{
    for (size_t i = 0; i < text->size; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return true;
    }
    return false;
}

static void check_header(const struct schema_reading *reading, const struct schema_row *row,
                         const struct named_texts *headers, size_t i)
{
    struct problems *problems = reading->reader->problems;
    const struct text *name = &headers->items[i].name;
    const char *mistake = find_name_mistake(text_slice(name));
    if (mistake)
        problems_add(problems, name->at, "%s: %s: %s", schema_key(row), name->data, mistake);
    if (has_control(&headers->items[i].value))
        problems_add(problems, headers->items[i].value.at,
                     "%s: %s: a line break can't be sent in a header (a block ends without one "
                     "after |-)",
                     schema_key(row), name->data);
    for (size_t j = 0; j < i; j++)
        if (slice_equal_nocase(text_slice(name), text_slice(&headers->items[j].name)))
            problems_add(problems, name->at, "%s: %s is given twice, first in line %u",
                         schema_key(row), name->data, headers->items[j].name.at.line);
}

static void read_headers(struct schema_reading *reading, const struct schema_row *row,
                         const struct yaml_node *node, void *field)
{
    struct named_texts headers = {0};
    schema_named_texts.read(reading, row, node, &headers);
    for (size_t i = 0; i < headers.count; i++)
        check_header(reading, row, &headers, i);
    *(struct named_texts *)field = headers;
}

static void read_header_name(struct schema_reading *reading, const struct schema_row *row,
                             const struct yaml_node *node, void *field)
{
    struct text text;
    if (!schema_take_text(reading, row, node, &text))
        return;
    const char *mistake = find_name_mistake(text_slice(&text));
    if (mistake)
        schema_problem(reading, row, node, "%s", mistake);
    else
        *(struct text *)field = text;
}

/* `*` is a token's character too, and stands for any others here. */
static void read_header_patterns(struct schema_reading *reading, const struct schema_row *row,
                                 const struct yaml_node *node, void *field)
{
    struct texts patterns = {0};
    schema_texts.read(reading, row, node, &patterns);
    for (size_t i = 0; i < patterns.count; i++) {
        const struct text *pattern = &patterns.items[i];
        struct problems *problems = reading->reader->problems;
        if (!header_is_name(text_slice(pattern)))
            problems_add(problems, pattern->at, "%s: this can't be the name of a header",
                         schema_key(row));
        else if (header_stays_behind(text_slice(pattern)))
            problems_add(problems, pattern->at, "%s: %s is never forwarded", schema_key(row),
                         pattern->data);
    }
    *(struct texts *)field = patterns;
}

/* .inf and .nan are numbers in YAML, and none in JSON. */
static void check_json(const struct schema_reading *reading, const struct yaml_node *node)
{
    struct buffer json = {0};
    if (node->type == YAML_SCALAR && yaml_kind(node) != YAML_STRING && !yaml_add_json(node, &json))
        problems_add(reading->reader->problems, node->at, "json: JSON has no number for %s",
                     schema_shown(reading, node));
    buffer_finish(&json);
    for (size_t i = 0; i < node->count; i++)
        check_json(reading, node->items[i]);
}

static void check_form(const struct schema_reading *reading, const struct yaml_node *node)
{
    struct problems *problems = reading->reader->problems;
    if (node->type != YAML_MAPPING) {
        problems_add(problems, node->at, "form: a mapping of names and texts is needed, not %s",
                     schema_shown(reading, node));
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        if (node->items[i]->type != YAML_SCALAR || yaml_is_null(node->items[i]))
            problems_add(problems, node->items[i]->at, "form: %s: a text is needed, not %s",
                         node->keys[i].data, schema_shown(reading, node->items[i]));
}

static void check_text(const struct schema_reading *reading, const struct yaml_node *node)
{
    if (node->type != YAML_SCALAR || yaml_is_null(node))
        problems_add(reading->reader->problems, node->at, "text: a text is needed, not %s",
                     schema_shown(reading, node));
}

static void check_program(const struct schema_reading *reading, const struct yaml_node *node)
{
    if (node->type != YAML_SCALAR || yaml_is_null(node))
        problems_add(reading->reader->problems, node->at, "jq: a program is needed, not %s",
                     schema_shown(reading, node));
}

#define BODY_KINDS "json, form, xml, text, jq and cloudevents"

static const struct {
    const char *name;
    enum body_kind kind; /* BODY_DEFAULT: not supported yet */
    void (*check)(const struct schema_reading *reading, const struct yaml_node *node);
} bodies[] = {
    {"json", BODY_JSON, check_json},   {"form", BODY_FORM, check_form},
    {"xml", BODY_XML, body_check_xml}, {"text", BODY_TEXT, check_text},
    {"jq", BODY_JQ, check_program},    {"cloudevents", BODY_CLOUDEVENTS, body_check_cloudevents},
};

static void read_body_kind(const struct schema_reading *reading, const struct schema_row *row,
                           const struct yaml_node *node, struct subscription_request *request)
{
    const struct text *key = &node->keys[0];
    struct problems *problems = reading->reader->problems;
    size_t i = 0;
    while (i < COUNT_OF(bodies) && !slice_is(text_slice(key), bodies[i].name))
        i++;
    if (i == COUNT_OF(bodies)) {
        problems_add(problems, key->at, "%s: unknown kind %s; known are " BODY_KINDS,
                     schema_key(row), key->data);
    } else if (bodies[i].kind == BODY_DEFAULT) {
        problems_add(problems, key->at, "%s: %s is not supported yet", schema_key(row), key->data);
    } else {
        bodies[i].check(reading, node->items[0]);
        request->body_kind = bodies[i].kind;
        request->body = node->items[0];
    }
}

static void read_body(struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, void *field)
{
    struct subscription_request *request = field;
    struct slice word = node->type == YAML_SCALAR ? text_slice(&node->text) : SLICE("");
    if (slice_is(word, "event"))
        request->body_kind = BODY_EVENT;
    else if (slice_is(word, "none"))
        request->body_kind = BODY_NONE;
    else if (node->type == YAML_MAPPING && node->count == 1)
        read_body_kind(reading, row, node, request);
    else if (node->type == YAML_MAPPING)
        schema_problem(reading, row, node, "exactly one of " BODY_KINDS " is needed");
    else
        schema_wrong(reading, row, node, NULL);
}

#define NAME_PATTERN "^[!#$%&\\u0027*+.^_`|~0-9A-Za-z-]+$" /* a token */

#define SCALAR_JSON    "{'type': ['string', 'number', 'boolean']}"
#define OR_NULL_JSON   "{'type': ['string', 'number', 'boolean', 'null']}"
#define MODE_JSON      "'enum': ['binary', 'structured']"
#define ONE_KEY_JSON   "'type': 'object', 'minProperties': 1, 'maxProperties': 1"
#define KEYS_JSON(all) "'additionalProperties': false, 'properties': {" all "}"

#define XML_JSON   "{" ONE_KEY_JSON ", 'additionalProperties': {'not': {'type': 'array'}}}"
#define TEXTS_JSON "'source': " OR_NULL_JSON ", 'type': " OR_NULL_JSON ", 'subject': " OR_NULL_JSON
#define CLOUDEVENTS_JSON                                                                           \
    "{'anyOf': [{" MODE_JSON "}, " SCHEMA_JSON_EXPANDED                                            \
    ", {'type': 'object', 'required': ['mode'], " KEYS_JSON(                                       \
        "'mode': {" SCHEMA_JSON_FORM(MODE_JSON) "}, " TEXTS_JSON) "}]}"
#define BODIES_JSON                                                                                \
    "'json': {}, 'form': {'type': 'object', 'additionalProperties': " SCALAR_JSON                  \
    "}, 'xml': " XML_JSON ", 'text': " SCALAR_JSON ", 'jq': " SCALAR_JSON                          \
    ", 'cloudevents': " CLOUDEVENTS_JSON

const struct schema_type schema_url = {
    .name = "URL template",
    .needed = "a URL that begins with http:// or https://, written out,",
    .json = SCHEMA_JSON_PATTERN("^[hH][tT][tT][pP][sS]?://"),
    .read = read_url,
};
const struct schema_type schema_header_name = {
    .name = "header name",
    .needed = "the name of a header",
    .json = SCHEMA_JSON_PATTERN(NAME_PATTERN),
    .read = read_header_name,
};
const struct schema_type schema_headers = {
    .name = "headers",
    .needed = "a mapping of names and texts",
    .json = "'type': 'object', 'propertyNames': {'pattern': '" NAME_PATTERN
            "'}, 'additionalProperties': " OR_NULL_JSON,
    .read = read_headers,
};
const struct schema_type schema_header_patterns = {
    .name = "list of header names",
    .needed = "a list of headers' names such as [x-tenant, \"x-trace-*\"]",
    .json = SCHEMA_JSON_LIST(SCHEMA_JSON_PATTERN(NAME_PATTERN)) ", 'minItems': 1",
    .read = read_header_patterns,
};
const struct schema_type schema_body = {
    .name = "body",
    .needed = "event, none, or a mapping with one of " BODY_KINDS,
    .json = "'anyOf': [{'enum': ['event', 'none']}, " SCHEMA_JSON_EXPANDED ", {" ONE_KEY_JSON
            ", " KEYS_JSON(BODIES_JSON) "}]",
    .read = read_body,
};
