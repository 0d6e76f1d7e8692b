#include "config/settings_types.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/number.h"
#include "base/nearest.h"
#include "config/settings.h"
#include "config/subscription_types.h"

static const struct {
    const char *name;
    const char *reason;
} reserved[] = {
#define RESERVED(name, reason) {name, reason},
#include "config/kafka_reserved.def"
#undef RESERVED
};

static bool check_property(const struct schema_reading *reading, const struct text *name,
                           const struct yaml_node *value)
{
    struct problems *problems = reading->reader->problems;
    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        if (slice_is(text_slice(name), reserved[i].name)) {
            problems_add(problems, name->at, "kafka: %s can't be set here: %s", name->data,
                         reserved[i].reason);
            return false;
        }
    if (value->type != YAML_SCALAR || yaml_is_null(value)) {
        problems_add(problems, value->at, "kafka: %s: a text is needed, not %s", name->data,
                     schema_shown(reading, value));
        return false;
    }
    return !value->broken;
}

/* Blanks and commas only: librdkafka takes it for servers, and finds none. */
static bool names_nobody(struct slice servers)
{
    size_t i = 0;
    while (i < servers.size && strchr(" \t\r\n,", servers.data[i]))
        i++;
    return i == servers.size;
}

static void read_properties(struct schema_reading *reading, const struct schema_row *row,
                            const struct yaml_node *node, void *field)
{
    if (!schema_take_mapping(reading, row, node))
        return;
    struct named_text *items = arena_alloc(reading->reader->arena, node->count * sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++)
        if (check_property(reading, &node->keys[i], node->items[i]))
            items[count++] = (struct named_text){node->keys[i], node->items[i]->text};
    *(struct named_texts *)field = (struct named_texts){items, count};
    const struct yaml_node *servers = yaml_find(node, "bootstrap.servers");
    if (!servers)
        problems_add(reading->reader->problems, node->at, "kafka: bootstrap.servers is missing");
    else if (names_nobody(text_slice(&servers->text)) && !servers->broken)
        problems_add(reading->reader->problems, servers->at, "kafka: bootstrap.servers is empty");
}

/* What paths are put behind: no query, and no password that would show in errors. */
static const char *find_base_url_mistake(struct slice rest)
{
    for (size_t i = 0; i < rest.size; i++) {
        unsigned char c = (unsigned char)rest.data[i];
        if (c <= ' ' || c == 0x7F)
            return "a blank or control character has to be percent-encoded";
        if (c == '?' || c == '#')
            return "it can have no query";
        if (c == '@')
            return "what proves who we are belongs in username and password";
    }
    return rest.size == 0 || *rest.data == '/' ? "the host is missing" : NULL;
}

static void read_base_url(struct schema_reading *reading, const struct schema_row *row,
                          const struct yaml_node *node, void *field)
{
    struct text text;
    if (!schema_take_text(reading, row, node, &text))
        return;
    const char *rest = strstr(text.data, "://");
    struct slice scheme = {text.data, rest ? (size_t)(rest - text.data) : 0};
    bool web =
        slice_equal_nocase(scheme, SLICE("http")) || slice_equal_nocase(scheme, SLICE("https"));
    const char *mistake = web ? find_base_url_mistake(slice_of(rest + 3)) : NULL;
    if (!web)
        schema_wrong(reading, row, node, NULL);
    else if (mistake)
        schema_problem(reading, row, node, "%s", mistake);
    else
        *(struct text *)field = text;
}

static void read_topic(struct schema_reading *reading, const struct schema_row *row,
                       const struct yaml_node *node, void *field)
{
    if (yaml_is_null(node) && row->type == &schema_topic_or_none)
        return;
    if (!yaml_is_null(node) && node->type == YAML_SCALAR &&
        schema_is_topic_name(text_slice(&node->text)))
        *(struct text *)field = node->text;
    else
        schema_wrong(reading, row, node, NULL);
}

/* The host and port of HOST:PORT or [HOST]:PORT; false: it is no such text. */
static bool split_address(struct slice address, struct slice *host, struct slice *port)
{
    const char *colon = address.size ? memrchr(address.data, ':', address.size) : NULL;
    if (!colon)
        return false;
    *host = (struct slice){address.data, (size_t)(colon - address.data)};
    *port = slice_from(address, host->size + 1);
    bool bracketed = host->size > 2 && host->data[0] == '[' && host->data[host->size - 1] == ']';
    if (bracketed)
        *host = (struct slice){host->data + 1, host->size - 2};
    return host->size > 0 && host->size < 256 &&
           (bracketed || !memchr(host->data, ':', host->size));
}

static bool is_address(struct slice address)
{
    struct slice host;
    struct slice port;
    uint64_t number;
    if (!split_address(address, &host, &port) || port.size > 5 ||
        !number_count(port, &number, NULL) || number > 65535)
        return false;
    for (size_t i = 0; i < host.size; i++)
        if ((unsigned char)host.data[i] <= 0x20 || strchr("/?#@[]\x7F", host.data[i]))
            return false;
    return true;
}

bool schema_is_loopback(struct slice address)
{
    struct slice host;
    struct slice port;
    char text[256];
    struct in_addr four;
    struct in6_addr six;
    if (!split_address(address, &host, &port))
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    if (inet_pton(AF_INET, text, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, text, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return slice_equal_nocase(host, SLICE("localhost"));
}

static void read_address(struct schema_reading *reading, const struct schema_row *row,
                         const struct yaml_node *node, void *field)
{
    if (yaml_is_null(node))
        return;
    if (node->type == YAML_SCALAR && is_address(text_slice(&node->text)))
        *(struct text *)field = node->text;
    else
        schema_wrong(reading, row, node, NULL);
}

static void read_token_part(struct schema_reading *reading, const struct schema_row *row,
                            const struct text *key, const struct yaml_node *node,
                            struct settings_token *token)
{
    struct problems *problems = reading->reader->problems;
    struct nearest nearest;
    nearest_init(&nearest, text_slice(key));
    nearest_offer(&nearest, "token");
    nearest_offer(&nearest, "role");
    struct slice word = node->type == YAML_SCALAR ? text_slice(&node->text) : SLICE("");
    if (slice_is(text_slice(key), "token"))
        schema_secret.read(reading, row, node, &token->token);
    else if (!slice_is(text_slice(key), "role") && nearest.name)
        problems_add(problems, key->at, "unknown key %s; did you mean %s?", key->data,
                     nearest.name);
    else if (!slice_is(text_slice(key), "role"))
        problems_add(problems, key->at, "unknown key %s; known here: token, role", key->data);
    else if (slice_is(word, "admin") || slice_is(word, "viewer"))
        token->role = slice_is(word, "admin") ? ROLE_ADMIN : ROLE_VIEWER;
    else
        problems_add(problems, node->at, "role: viewer or admin is needed, not %s",
                     schema_shown(reading, node));
}

static void read_token(struct schema_reading *reading, const struct schema_row *row,
                       const struct text *name, const struct yaml_node *node,
                       struct settings_token *token)
{
    struct problems *problems = reading->reader->problems;
    *token = (struct settings_token){.name = *name};
    if (node->type != YAML_MAPPING) {
        problems_add(problems, node->at, "tokens: %s: a mapping such as { token, role } is needed",
                     name->data);
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        read_token_part(reading, row, &node->keys[i], node->items[i], token);
    if (!yaml_find(node, "token"))
        problems_add(problems, node->at, "token is missing");
    if (!yaml_find(node, "role"))
        problems_add(problems, node->at, "role is missing");
}

static void read_tokens(struct schema_reading *reading, const struct schema_row *row,
                        const struct yaml_node *node, void *field)
{
    if (!schema_take_mapping(reading, row, node))
        return;
    struct settings_admin *admin = field;
    admin->tokens = arena_alloc(reading->reader->arena, node->count * sizeof *admin->tokens);
    admin->token_count = node->count;
    for (size_t i = 0; i < node->count; i++)
        read_token(reading, row, &node->keys[i], node->items[i], &admin->tokens[i]);
}

static void read_namespace(struct schema_reading *reading, const struct schema_row *row,
                           const struct yaml_node *node, void *field)
{
    struct slice text = node->type == YAML_SCALAR ? text_slice(&node->text) : SLICE("");
    bool fine = schema_is_topic_name(text) && text.size <= 63 && !memchr(text.data, '.', text.size);
    if (fine)
        *(struct text *)field = node->text;
    else
        schema_wrong(reading, row, node, NULL);
}

#define TOPIC "a topic's name (letters, digits, ., _ and -)"

const struct schema_type schema_properties = {
    .name = "properties",
    .needed = "a mapping with bootstrap.servers and other properties of librdkafka",
    .json = "'type': 'object', 'required': ['bootstrap.servers'], "
            "'additionalProperties': {" SCHEMA_JSON_TEXT "}, 'propertyNames': "
            "{'not': {'enum': [''"
#define RESERVED(name, reason) ", '" name "'"
#include "config/kafka_reserved.def"
#undef RESERVED
            "]}}",

    .read = read_properties,
};
const struct schema_type schema_base_url = {
    .name = "URL",
    .needed = "a URL that begins with http:// or https://",
    .json = "\"type\": \"string\", \"pattern\": \"^[hH][tT][tT][pP][sS]?://\"",
    .read = read_base_url,
};
const struct schema_type schema_topic = {
    .name = "topic",
    .needed = TOPIC,
    .json = SCHEMA_JSON_PATTERN("^[A-Za-z0-9._-]{1,249}$"),
    .takes_null = true,
    .read = read_topic,
};
const struct schema_type schema_topic_or_none = {
    .name = "topic",
    .needed = TOPIC " or null",
    .json = "'anyOf': [{'type': 'null'}, {'type': 'string', 'pattern': "
            "'^[A-Za-z0-9._-]{1,249}$'}, " SCHEMA_JSON_EXPANDED "]",
    .takes_null = true,
    .read = read_topic,
};
const struct schema_type schema_address = {
    .name = "address",
    .needed = "HOST:PORT, such as 127.0.0.1:8088,",
    .json = "'anyOf': [{'type': 'null'}, {'type': 'string', 'pattern': "
            "'^.+:[0-9]{1,5}$'}, " SCHEMA_JSON_EXPANDED "]",
    .takes_null = true,
    .read = read_address,
};
const struct schema_type schema_tokens = {
    .name = "tokens",
    .needed = "a mapping of names and { token, role }",
    .json =
        "'type': 'object', 'additionalProperties': {'type': 'object', 'required': "
        "['token', 'role'], 'additionalProperties': false, 'properties': {'token': "
        "{" SCHEMA_JSON_TEXT "}, 'role': {" SCHEMA_JSON_FORM("'enum': ['viewer', 'admin']") "}}}",
    .secret = true,
    .read = read_tokens,
};
const struct schema_type schema_namespace = {
    .name = "text",
    .needed = "a text of letters, digits, _ and -, at most 63,",
    .json = SCHEMA_JSON_PATTERN("^[A-Za-z0-9_-]{1,63}$"),
    .read = read_namespace,
};
