#include "config/subscription_types.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "config/expand.h"
#include "config/subscription.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define TCHARS "!#$%&'*+-.^_`|~" DIGITS LOWER UPPER /* RFC 9110 §5.6.2 */

/* Is it made of these characters only, and of 1 to `max`? */
static bool is_made_of(struct slice text, const char *set, size_t max)
{
    if (text.size == 0 || text.size > max)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\0' || !strchr(set, text.data[i]))
            return false;
    return true;
}

static void read_name(struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, void *field)
{
    if (node->type == YAML_SCALAR && is_made_of(text_slice(&node->text), LOWER DIGITS "-", 63))
        *(const char **)field = node->text.data;
    else
        schema_wrong(reading, row, node, NULL);
}

static void read_group(struct schema_reading *reading, const struct schema_row *row,
                       const struct yaml_node *node, void *field)
{
    const char *name = NULL;
    read_name(reading, row, node, &name);
    if (name)
        *(struct text *)field = node->text;
}

bool schema_is_topic_name(struct slice name)
{
    return is_made_of(name, LOWER UPPER DIGITS "._-", 249) && !slice_is(name, ".") &&
           !slice_is(name, "..");
}

#define REPEATS_MAX 10000
#define TOPICS_MAX  1000
#define WAITS_MAX   100

/* {m,n} in {m,n} in {m,n}: the C library would write each repetition out, and take all memory. */
static bool repeats_too_often(const char *pattern)
{
    unsigned long product = 1;
    for (const char *p = strchr(pattern, '{'); p; p = strchr(p + 1, '{')) {
        char *end = NULL;
        unsigned long least = strtoul(p + 1, &end, 10);
        unsigned long most = *end == ',' ? strtoul(end + 1, NULL, 10) : least;
        unsigned long times = most > least ? most : least;
        product *= times > REPEATS_MAX ? REPEATS_MAX + 1 : times > 1 ? times : 1;
        if (product > REPEATS_MAX)
            return true;
    }
    return false;
}

/* As librdkafka compiles it (rdregex.c): the C library's extended expressions. */
static void check_pattern(const struct schema_reading *reading, const struct schema_row *row,
                          const struct yaml_node *node)
{
    regex_t regex;
    if (node->text.size > 1000 || repeats_too_often(node->text.data)) {
        schema_problem(reading, row, node, "the regular expression is too large");
        return;
    }
    int code = regcomp(&regex, node->text.data, REG_EXTENDED | REG_NOSUB);
    if (code == 0) {
        regfree(&regex);
        return;
    }
    char why[128];
    regerror(code, NULL, why, sizeof why);
    schema_problem(reading, row, node, "%s is no regular expression: %s",
                   schema_shown(reading, node), why);
}

/* librdkafka refuses a list in which a topic is twice. */
static void check_twice(const struct schema_reading *reading, const struct schema_row *row,
                        const struct yaml_node *list, size_t i)
{
    struct slice text = text_slice(&list->items[i]->text);
    for (size_t j = 0; j < i; j++)
        if (text.size && slice_equal(text, text_slice(&list->items[j]->text))) {
            schema_problem(reading, row, list->items[i], "%s is given twice",
                           schema_shown(reading, list->items[i]));
            return;
        }
}

static void read_topics(struct schema_reading *reading, const struct schema_row *row,
                        const struct yaml_node *node, void *field)
{
    schema_texts.read(reading, row, node, field);
    if (node->type != YAML_SEQUENCE || node->count > TOPICS_MAX) {
        if (node->type == YAML_SEQUENCE)
            schema_problem(reading, row, node, "at most %d are possible", TOPICS_MAX);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        if (item->type != YAML_SCALAR || item->text.size == 0)
            continue; /* schema_texts has said so */
        check_twice(reading, row, node, i);
        if (item->text.data[0] == '^')
            check_pattern(reading, row, item);
        else if (!schema_is_topic_name(text_slice(&item->text)))
            schema_problem(reading, row, item,
                           "%s is no topic's name (letters, digits, ., _ and -); a regular "
                           "expression begins with ^",
                           schema_shown(reading, item));
    }
}

static void read_start(struct schema_reading *reading, const struct schema_row *row,
                       const struct yaml_node *node, void *field)
{
    struct subscription_start *start = field;
    struct slice text = node->type == YAML_SCALAR ? text_slice(&node->text) : SLICE("");
    int64_t unix_ms;
    if (slice_is(text, "latest"))
        start->at = START_LATEST;
    else if (slice_is(text, "earliest"))
        start->at = START_EARLIEST;
    else if (number_time(text, &unix_ms, NULL) && unix_ms >= 0)
        *start = (struct subscription_start){START_TIME, unix_ms};
    else
        schema_wrong(reading, row, node, NULL);
}

static void read_file(struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, void *field)
{
    struct text text;
    struct arena *arena = reading->reader->arena;
    if (!schema_take_text(reading, row, node, &text))
        return;
    char *path = realpath(expand_path(arena, node->at.file, text.data), NULL);
    if (!path || access(path, R_OK) != 0)
        schema_problem(reading, row, node, "%s can't be read: %s", schema_shown(reading, node),
                       strerrordesc_np(errno));
    else
        *(struct text *)field = (struct text){.data = arena_copy(arena, slice_of(path)),
                                              .size = strlen(path),
                                              .at = text.at,
                                              .secret = text.secret};
    free(path);
}

/* sha256// and 32 bytes in base64, as CURLOPT_PINNEDPUBLICKEY wants them. */
static bool is_pin(struct slice pin)
{
    if (pin.size != 8 + 44 || !slice_starts(pin, SLICE("sha256//")))
        return false;
    struct slice base64 = slice_from(pin, 8);
    return base64.data[43] == '=' &&
           is_made_of((struct slice){base64.data, 43}, LOWER UPPER DIGITS "+/", 43);
}

static void read_pins(struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, void *field)
{
    struct slice rest = node->type == YAML_SCALAR ? text_slice(&node->text) : SLICE("");
    bool fine = rest.size > 0;
    while (fine && rest.size) {
        const char *end = memchr(rest.data, ';', rest.size);
        size_t size = end ? (size_t)(end - rest.data) : rest.size;
        fine = is_pin((struct slice){rest.data, size});
        rest = slice_from(rest, size + (end != NULL));
    }
    if (fine)
        *(struct text *)field = node->text;
    else
        schema_wrong(reading, row, node, NULL);
}

static void read_username(struct schema_reading *reading, const struct schema_row *row,
                          const struct yaml_node *node, void *field)
{
    if (node->type == YAML_SCALAR && memchr(node->text.data, ':', node->text.size))
        schema_problem(reading, row, node, "a user name can't hold a colon (RFC 7617)");
    else
        schema_secret.read(reading, row, node, field);
}

/* Written out, "" is a password; a variable or file that is empty is a mistake. */
static void read_password(struct schema_reading *reading, const struct schema_row *row,
                          const struct yaml_node *node, void *field)
{
    if (node->type == YAML_SCALAR && node->text.size == 0 && !node->text.secret)
        *(struct text *)field = node->text;
    else
        schema_secret.read(reading, row, node, field);
}

/* Adds `302` or `2xx` to the set; answers before 200 never end an exchange. */
static bool add_status(struct slice text, struct status_set *set)
{
    if (text.size != 3 || text.data[0] < '2' || text.data[0] > '5')
        return false;
    int first = (text.data[0] - '0') * 100;
    if (text.data[1] == 'x' && text.data[2] == 'x') {
        for (int status = first; status < first + 100; status++)
            status_set_add(set, status);
        return true;
    }
    if (!is_made_of(text, DIGITS, 3))
        return false;
    status_set_add(set, first + (text.data[1] - '0') * 10 + (text.data[2] - '0'));
    return true;
}

static void read_statuses_or_none(struct schema_reading *reading, const struct schema_row *row,
                                  const struct yaml_node *node, void *field)
{
    struct status_set set = {0};
    if (!schema_take_list(reading, row, node))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        if (item->type != YAML_SCALAR || !add_status(text_slice(&item->text), &set))
            schema_wrong(reading, row, item, "a status from 200 to 599 or a class such as 2xx");
    }
    *(struct status_set *)field = set;
}

static void read_statuses(struct schema_reading *reading, const struct schema_row *row,
                          const struct yaml_node *node, void *field)
{
    if (node->type == YAML_SEQUENCE && node->count == 0)
        schema_problem(reading, row, node, "the list is empty");
    else
        read_statuses_or_none(reading, row, node, field);
}

static void read_schedule(struct schema_reading *reading, const struct schema_row *row,
                          const struct yaml_node *node, void *field)
{
    if (!schema_take_list(reading, row, node))
        return;
    if (node->count > WAITS_MAX) {
        schema_problem(reading, row, node, "at most %d are possible", WAITS_MAX);
        return;
    }
    struct subscription_delivery *delivery = field;
    int64_t *items = arena_alloc(reading->reader->arena, node->count * sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++)
        count += schema_take_duration(reading, row, node->items[i], &items[count]);
    delivery->retry_schedule_ms = items;
    delivery->retry_count = count;
}

#define STATUSES_JSON                                                                              \
    SCHEMA_JSON_LIST(                                                                              \
        "'anyOf': [{'type': 'integer', 'minimum': 200, 'maximum': 599}, "                          \
        "{'type': 'string', 'pattern': '^[2-5]([0-9][0-9]|xx)$'}, " SCHEMA_JSON_EXPANDED "]")

#define NAME_NEEDED "a name of lower-case letters, digits and hyphens, at most 63,"
#define NAME_JSON   SCHEMA_JSON_PATTERN("^[a-z0-9-]{1,63}$")

const struct schema_type schema_name = {
    .name = "name",
    .needed = NAME_NEEDED,
    .json = NAME_JSON,
    .read = read_name,
};
const struct schema_type schema_group_name = {
    .name = "name",
    .needed = NAME_NEEDED,
    .json = NAME_JSON,
    .read = read_group,
};
const struct schema_type schema_topics = {
    .name = "list of topics",
    .needed = "a list of topics such as [orders, \"^payments\\\\..*\"]",
    .json = SCHEMA_JSON_LIST(SCHEMA_JSON_TEXT) ", 'minItems': 1, 'uniqueItems': true",
    .read = read_topics,
};
const struct schema_type schema_start = {
    .name = "start",
    .needed = "latest, earliest or an ISO 8601 time such as 2026-11-23T15:04:05Z",
    .json = SCHEMA_JSON_PATTERN("^(latest|earliest|[0-9]{4}-[0-9]{2}-[0-9]{2}.*)$"),
    .read = read_start,
};
const struct schema_type schema_username = {
    .name = "text",
    .needed = "a text",
    .json = SCHEMA_JSON_TEXT,
    .secret = true,
    .read = read_username,
};
const struct schema_type schema_password = {
    .name = "secret",
    .needed = "a text",
    .json = "'type': ['string', 'number', 'boolean']",
    .secret = true,
    .read = read_password,
};
const struct schema_type schema_file = {
    .name = "path",
    .needed = "a file's path",
    .json = SCHEMA_JSON_TEXT,
    .read = read_file,
};
const struct schema_type schema_pins = {
    .name = "public keys",
    .needed = "sha256// and a key's hash in base64, several separated by a semicolon,",
    .json = SCHEMA_JSON_PATTERN("^sha256//"),
    .read = read_pins,
};
const struct schema_type schema_statuses = {
    .name = "list of statuses",
    .needed = "a list of statuses such as [2xx, 302]",
    .json = STATUSES_JSON ", 'minItems': 1",
    .read = read_statuses,
};
const struct schema_type schema_statuses_or_none = {
    .name = "list of statuses",
    .needed = "a list of statuses such as [400, 410]",
    .json = STATUSES_JSON,
    .read = read_statuses_or_none,
};
const struct schema_type schema_schedule = {
    .name = "list of durations",
    .needed = "a list of durations such as [5s, 5m, 2h]",
    .json = SCHEMA_JSON_LIST(SCHEMA_JSON_PATTERN("^[0-9]+(ms|s|m|h|d)$")),
    .read = read_schedule,
};
