#include "kafka/client.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "loop/flag.h"
#include "kafka/property.h"

/* librdkafka's levels are syslog's. This runs on its threads, and only formats and writes. */
static void log_line(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    enum log_level ours = level <= 3 ? LOG_ERROR : level <= 4 ? LOG_WARN : LOG_DEBUG;
    if (strcmp(facility, "CONFWARN") == 0)
        return; /* consumer's properties on a producer, and the other way round */
    if (strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0)
        ours = LOG_DEBUG; /* the error callback tells the same, once */
    LOG_AT(ours, "librdkafka", STR("client", rk ? rd_kafka_name(rk) : ""),
           STR("facility", facility), STR("text", text));
}

/* "Group "x" changed join state wait-sync -> steady (state up)" */
static void note_state(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct flag *steady = rd_kafka_opaque(rk);
    if (strcmp(facility, "CGRPJOINSTATE") == 0)
        flag_put(steady, strstr(text, "-> steady ") != NULL);
    log_line(rk, level, facility, text);
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    char text[256];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return true;
    return error_set(err, ERROR_INPUT, "kafka: %s", text);
}

const char *client_given(const struct named_texts *properties, const char *name)
{
    for (size_t i = 0; i < properties->count; i++)
        if (strcmp(properties->items[i].name.data, name) == 0)
            return properties->items[i].value.data;
    return NULL;
}

static bool is_given(const struct named_texts *properties, const char *name)
{
    return client_given(properties, name) != NULL;
}

static bool set_all(rd_kafka_conf_t *conf, const struct named_texts *properties,
                    const struct client_property *own, struct error *err)
{
    for (size_t i = 0; i < properties->count; i++) {
        const struct named_text *property = &properties->items[i];
        if (property->value.data && !set(conf, property->name.data, property->value.data, err))
            return false;
    }
    for (; own->name; own++)
        if (!(own->weak && is_given(properties, own->name)) &&
            !set(conf, own->name, own->value, err))
            return false;
    return true;
}

rd_kafka_conf_t *client_conf(const struct named_texts *properties,
                             const struct client_property *own, struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, log_line);
    if (set_all(conf, properties, own, err))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

bool client_note_steady(rd_kafka_conf_t *conf, const struct named_texts *properties,
                        struct error *err)
{
    char contexts[256];
    const char *given = client_given(properties, "debug");
    snprintf(contexts, sizeof contexts, "%s%scgrp", given ? given : "", given ? "," : "");
    rd_kafka_conf_set_log_cb(conf, note_state);
    return set(conf, "debug", contexts, err);
}

rd_kafka_t *client_create(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *err)
{
    char text[512];
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        error_set(err, ERROR_INPUT, "kafka: %s", text);
    }
    return rk;
}

static void report_unknown(const struct text *name, struct problems *problems)
{
    char nearest[PROPERTY_NAME_BYTES];
    if (property_nearest(text_slice(name), nearest))
        problems_add(problems, name->at, "%s is not a property of librdkafka; did you mean %s?",
                     name->data, nearest);
    else
        problems_add(problems, name->at, "%s is not a property of librdkafka", name->data);
}

/* librdkafka's text may quote the value, so a secret one gets a text of our own. */
static void check_property(rd_kafka_conf_t *conf, const struct named_text *property,
                           struct problems *problems)
{
    char text[256];
    if (!property->value.data)
        return;
    switch (rd_kafka_conf_set(conf, property->name.data, property->value.data, text, sizeof text)) {
    case RD_KAFKA_CONF_OK:
        return;
    case RD_KAFKA_CONF_UNKNOWN:
        report_unknown(&property->name, problems);
        return;
    default:
        if (property->value.secret)
            problems_add(problems, property->value.at, "%s: librdkafka refuses this value",
                         property->name.data);
        else
            problems_add(problems, property->value.at, "%s", text);
    }
}

/* Where the property stands that librdkafka speaks of, if it names one. */
static struct place place_of(const struct named_texts *properties, const char *text)
{
    for (size_t i = 0; i < properties->count; i++)
        if (strstr(text, properties->items[i].name.data))
            return properties->items[i].value.at;
    return properties->items[0].name.at;
}

static void no_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk, (void)level, (void)facility, (void)text;
}

/* What shows only when a handle is made of them: files that can't be read, values that don't go
 * together. It has no broker, so nothing is connected to. */
static bool check_together(const struct named_texts *properties, rd_kafka_type_t type,
                           struct problems *problems)
{
    char text[512];
    const struct client_property own[] = {
        {"bootstrap.servers", NULL, false},
        type == RD_KAFKA_CONSUMER ? (struct client_property){"group.id", "check", false}
                                  : (struct client_property){"enable.idempotence", "true", false},
        {0},
    };
    rd_kafka_conf_t *conf = client_conf(properties, own, NULL);
    if (!conf)
        return false; /* which check_property has told */
    rd_kafka_conf_set_log_cb(conf, no_log);
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);
    if (rk) {
        rd_kafka_destroy(rk);
        return true;
    }
    rd_kafka_conf_destroy(conf);
    problems_add(problems, place_of(properties, text), "librdkafka: %s", text);
    return false;
}

void client_check(const struct named_texts *properties, struct problems *problems)
{
    size_t before = problems->count;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < properties->count; i++)
        check_property(conf, &properties->items[i], problems);
    rd_kafka_conf_destroy(conf);
    if (problems->count == before && properties->count > 0 &&
        check_together(properties, RD_KAFKA_CONSUMER, problems))
        check_together(properties, RD_KAFKA_PRODUCER, problems);
}

static void note_results(rd_kafka_topic_partition_list_t *offsets, rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *told = rd_kafka_event_topic_partition_list(event);
    for (int i = 0; told && i < told->cnt; i++) {
        rd_kafka_topic_partition_t *element = rd_kafka_topic_partition_list_find(
            offsets, told->elems[i].topic, told->elems[i].partition);
        if (element)
            element->err = told->elems[i].err;
    }
}

bool client_commit(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *offsets, int timeout_ms,
                   struct error *err)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(rk, offsets, queue, NULL, NULL);
    rd_kafka_event_t *event = code ? NULL : rd_kafka_queue_poll(queue, timeout_ms);
    if (!code)
        code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (event) {
        note_results(offsets, event);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    return !code ||
           error_set(err, ERROR_KAFKA, "offsets can't be committed: %s", rd_kafka_err2str(code));
}
